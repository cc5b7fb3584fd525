import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { say } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import css from "../ListPage.module.css";
import type { ListState } from "../state";
import type { Views } from "./useViews";
import { ViewMenu } from "./ViewMenu";

interface Props {
  object: ObjectModel;
  views: Views;
  state: ListState;
  total: string | undefined;
  onView(name: string): void;
}

/** The views as tabs. A dot says that something of a view was changed and is only kept for whoever changed it. */
export function ViewTabs({ object, views, state, total, onView }: Props) {
  const { t, i18n } = useTranslation();
  const tabs = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab comes into sight when it is chosen
  useLayoutEffect(() => {
    const [all, one] = [tabs.current, tabs.current?.querySelector<HTMLElement>("[data-here=true]")];
    if (all && one) all.scrollLeft = one.offsetLeft - all.offsetLeft - (all.clientWidth - one.offsetWidth) / 2;
  }, [state.view?.name]);
  return (
    <nav ref={tabs} className={css.tabs} aria-label={t("list.choose")}>
      {views.all.map((view) => {
        const here = view.name === state.view?.name;
        const changed = here ? state.changed : !!views.kept[view.name];
        return (
          <span key={view.name} className={css.tab} data-here={here}>
            <button
              type="button"
              aria-current={here ? "page" : undefined}
              onClick={(event) => {
                onView(view.name);
                // Who goes on by keys is in the list.
                if (event.detail > 0)
                  document.querySelector<HTMLElement>("[role=grid]")?.focus({ preventScroll: true });
              }}
            >
              {say(view.label, i18n.language, view.name)}
              {here && total !== undefined && <span className="quiet small"> {total}</span>}
              {changed && (
                <span
                  className={css.dot}
                  role="img"
                  aria-label={t("list.view.changed")}
                  title={t("list.view.changed")}
                />
              )}
            </button>
            {here && <ViewMenu object={object} views={views} view={view} state={state} onView={onView} />}
          </span>
        );
      })}
    </nav>
  );
}
