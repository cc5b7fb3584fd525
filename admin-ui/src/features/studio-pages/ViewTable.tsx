import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { typeOf } from "~/fields";
import { useFormats } from "~/fields/useFormats";
import type { ViewDoc } from "~/meta/documents";
import type { Column } from "~/meta/model";
import { useDesigning } from "./designing";
import { useDragging } from "./dragging";
import css from "./Pages.module.css";
import { Last, Thing } from "./Thing";

interface Props {
  view: ViewDoc;
  columns: Column[];
  rows: Record<string, unknown>[];
}

/** The list with the records that are in it; its columns can be taken. */
export function ViewTable({ view, columns, rows }: Props) {
  const { t } = useTranslation();
  const formats = useFormats();
  const onPointerDown = useDragging(useDesigning());
  return (
    <section className={css.canvas} data-view onPointerDown={onPointerDown} aria-label={t("studio.pages.canvas")}>
      <div className={css.scrolls}>
        <table className={css.table}>
          <thead>
            <tr data-into="columns">
              {columns.map(({ path, label }) => (
                <th key={path} scope="col">
                  <Thing
                    path={["columns", path]}
                    axis="x"
                    face={
                      <span className={css.column}>
                        {label}
                        {view.sort?.[0] === path && <IconArrowUp size={12} />}
                        {view.sort?.[0] === `-${path}` && <IconArrowDown size={12} />}
                      </span>
                    }
                  />
                </th>
              ))}
              <td>
                <Last collection={["columns"]} />
              </td>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={String(row.id)}>
                {columns.map(({ path, field, namePath }) => {
                  const value = row[path];
                  const none = value === null || value === undefined;
                  const name = namePath && (row[namePath] as string | null);
                  return (
                    <td key={path} data-align={typeOf(field.shows).align}>
                      {none ? null : typeOf(field.shows).cell(value as never, { field, formats, name })}
                    </td>
                  );
                })}
                <td />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p className={css.empty}>{t("studio.pages.no_rows")}</p>}
    </section>
  );
}
