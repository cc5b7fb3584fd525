import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { filterOf, written } from "~/expr";
import type { Formats } from "~/fields";
import type { Fields } from "~/filter/fields";
import { Words } from "~/filter/Words";
import type { ObjectModel } from "~/meta/model";
import css from "./ListPage.module.css";
import type { ListState } from "./state";

interface Props {
  object: ObjectModel;
  state: ListState;
  fields: Fields;
  formats: Formats;
}

/** An empty list says what is asked for, and offers to ask for less. */
export function Empty({ object, state, fields, formats }: Props) {
  const { t } = useTranslation();
  const group = filterOf(state.filter, fields.operators);
  const asked = state.q !== "" || group.parts.length > 0;
  return (
    <div className={css.none} role="status">
      <p>{asked ? t("list.no_match") : t("list.none", { object: object.label })}</p>
      {state.q && (
        <Button size="xs" variant="default" onClick={() => state.set({ q: undefined })}>
          {t("list.clear_words", { words: state.q })}
        </Button>
      )}
      {group.parts.map((part, i) => (
        <Button
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of a filter have no other name than their place
          key={i}
          size="xs"
          variant="default"
          onClick={() =>
            state.set({
              filter: written({ ...group, parts: group.parts.filter((_, at) => at !== i) }, fields.operators),
            })
          }
        >
          <span>
            {t("list.remove_it")} <Words part={part} fields={fields} formats={formats} />
          </span>
        </Button>
      ))}
      {!asked && object.can.create && (
        <Button size="xs" onClick={() => state.set({ new: "" }, true)}>
          {t("list.new")}
        </Button>
      )}
    </div>
  );
}
