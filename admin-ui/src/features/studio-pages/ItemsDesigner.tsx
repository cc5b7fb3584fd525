import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import { ordered, say, type WidgetDoc } from "~/meta/documents";
import type { Model } from "~/meta/model";
import { labelOf } from "~/studio/DocumentList";
import { useProblems } from "~/studio/drafting";
import { useDraftModel } from "~/studio/draftModel";
import { formOf } from "~/studio/kinds";
import { valueAt } from "~/studio/patching";
import { Glyph } from "~/ui/Glyph";
import { AddItem } from "./AddItem";
import { DesigningProvider, useDesign, useDesigning } from "./designing";
import { useDragging } from "./dragging";
import { nameOfThing, type Path } from "./edits";
import css from "./Pages.module.css";
import { Problems } from "./Problems";
import { Settings } from "./Settings";
import { Last, Thing } from "./Thing";
import { Wider } from "./Wider";

/** An app as the side bar has it, or a page of widgets: what is on it, in the order of people. */
export function ItemsDesigner({ document }: { document: Document }) {
  const { t, i18n } = useTranslation();
  const narrow = useMediaQuery("(max-width: 720px)");
  const [params] = useSearchParams();
  const model = useDraftModel();
  const kind = String(document.kind);
  const called = useCallback(
    (path: Path) => {
      const value = valueAt(document, [...path]) as WidgetDoc | undefined;
      return say(value?.label, i18n.language, model?.objects.get(value?.object ?? "")?.plural ?? nameOfThing(path));
    },
    [document, model, i18n.language],
  );
  const design = useDesign(document, called);
  const problems = useProblems({ kind, name: String(document.name) });
  const schema = useQuery({
    queryKey: ["schema", kind, i18n.language],
    queryFn: () => schemaOf(kind),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  if (narrow) return <Wider label={labelOf(document, i18n.language)} />;
  if (!model) return null;
  return (
    <DesigningProvider value={design}>
      <div className={css.designer} data-open={!!(design.chosen || design.adding)}>
        <header className={css.bar}>
          <h1>{labelOf(document, i18n.language)}</h1>
          <Link className="small" to={`${formOf({ kind, name: String(document.name) })}?${params}`}>
            {t("studio.pages.all_settings")}
          </Link>
        </header>
        <Problems all={problems} />
        <div className={css.stage}>{kind === "app" ? <Bar model={model} /> : <Widgets model={model} />}</div>
        {design.adding ? (
          <AddItem gap={design.adding} model={model} />
        ) : (
          design.chosen && schema && <Settings schema={schema} path={design.chosen} />
        )}
      </div>
    </DesigningProvider>
  );
}

type Items = Record<string, WidgetDoc>;

/** The items of an app as the side bar has them. */
function Bar({ model }: { model: Model }) {
  const { t } = useTranslation();
  const design = useDesigning();
  const onPointerDown = useDragging(design);
  return (
    <section
      className={css.canvas}
      data-items="bar"
      onPointerDown={onPointerDown}
      aria-label={t("studio.pages.canvas")}
    >
      <div data-into="items">
        {ordered(design.document.items as Items).map((one) => (
          <Thing
            key={one.name}
            path={["items", one.name]}
            axis="y"
            face={
              <span className={css.item}>
                <Glyph name={model.objects.get(one.object ?? "")?.icon} />
                {design.called(["items", one.name])}
              </span>
            }
          />
        ))}
      </div>
      <Last collection={["items"]} />
    </section>
  );
}

/** The widgets of a page in its four columns. */
function Widgets({ model }: { model: Model }) {
  const { t } = useTranslation();
  const design = useDesigning();
  const onPointerDown = useDragging(design);
  return (
    <section className={css.canvas} data-items onPointerDown={onPointerDown} aria-label={t("studio.pages.canvas")}>
      <div className={css.widgets} data-into="widgets">
        {ordered(design.document.widgets as Items).map((one) => (
          <div key={one.name} data-width={one.width ?? 2}>
            <Thing
              path={["widgets", one.name]}
              axis="x"
              face={
                <div className={css.widget}>
                  <strong>{design.called(["widgets", one.name])}</strong>
                  <span className="quiet small">
                    {[t(`studio.pages.widget.${one.type}`, one.type), model.objects.get(one.object ?? "")?.plural]
                      .filter(Boolean)
                      .join(" · ")}
                  </span>
                  {one.filter && <code className="quiet small">{one.filter}</code>}
                </div>
              }
            />
            <Widths path={["widgets", one.name]} now={one.width ?? 2} />
          </div>
        ))}
        <Last collection={["widgets"]} />
      </div>
    </section>
  );
}

/** How many of the four columns a widget takes. */
function Widths({ path, now }: { path: Path; now: number }) {
  const { t } = useTranslation();
  const { change, called } = useDesigning();
  return (
    <div className={css.widths}>
      {[1, 2, 3, 4].map((width) => (
        <button
          key={width}
          type="button"
          aria-pressed={width === now}
          aria-label={t("studio.pages.width", { label: called(path), width })}
          onClick={() => change([...path, "width"], width)}
        >
          {width}
        </button>
      ))}
    </div>
  );
}
