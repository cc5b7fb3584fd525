import { useTranslation } from "react-i18next";
import { useFormats } from "~/fields/useFormats";
import { type LayoutDoc, ordered, say } from "~/meta/documents";
import { columnOf, type Model } from "~/meta/model";
import { named } from "~/page/named";
import related from "~/page/Related.module.css";
import { RelatedRows } from "~/page/RelatedRows";
import css from "./Pages.module.css";
import { Last, Thing } from "./Thing";
import type { useSample } from "./useSample";

interface Props {
  model: Model;
  layout: LayoutDoc;
  sample: ReturnType<typeof useSample>["data"];
  tab: string | undefined;
  strict: boolean;
}

const few = 3; // rows say what a list is like

/** The lists of what refers to the record, of those that belong to the tab. */
export function RelatedThings({ model, layout, sample, tab, strict }: Props) {
  const { t, i18n } = useTranslation();
  const formats = useFormats();
  const shown = ordered(layout.related).filter((one) => !one.tab || one.tab === tab);
  return (
    <div data-into="related">
      {shown.map((list) => {
        const other = model.objects.get(list.object);
        const unseen = sample?.form?.related?.[list.name]?.visible === false;
        if (!other || (strict && unseen)) return null;
        const columns = (list.columns ?? [other.nameField]).flatMap((path) => columnOf(model, other, path) ?? []);
        const found = sample?.related[list.name];
        const rows = (found?.items ?? []).slice(0, few).map((row) => named(row, columns, found?.names));
        return (
          <Thing
            key={list.name}
            path={["related", list.name]}
            axis="y"
            unseen={unseen ? t("studio.pages.unseen") : undefined}
            face={
              <section className={related.related}>
                <h3 className={css.heading}>{say(list.label, i18n.language, other.plural)}</h3>
                {rows.length > 0 ? (
                  <RelatedRows of={other} columns={columns} rows={rows} formats={formats} />
                ) : (
                  <p className="quiet">{columns.map((one) => one.label).join(" · ")}</p>
                )}
              </section>
            }
          />
        );
      })}
      <Last collection={["related"]} />
    </div>
  );
}
