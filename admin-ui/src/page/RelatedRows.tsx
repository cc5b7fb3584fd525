import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Formats, typeOf } from "~/fields";
import type { Column, ObjectModel } from "~/meta/model";
import css from "./Related.module.css";

interface Props {
  of: ObjectModel;
  columns: Column[];
  rows: Record<string, unknown>[];
  formats: Formats;
}

/** Records that refer to the one shown, a row each. */
export function RelatedRows({ of, columns, rows, formats }: Props) {
  const { t } = useTranslation();
  return (
    <div className={css.scrolls}>
      <table>
        <thead>
          <tr>
            {columns.map(({ path, field, label }) => (
              <th key={path} scope="col" data-align={typeOf(field.shows).align}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id as string}>
              {columns.map(({ path, label, field, namePath }, i) => {
                const value = row[path];
                const name = namePath && (row[namePath] as string | null);
                const none = value === null || value === undefined;
                const shown = none ? null : typeOf(field.shows).cell(value as never, { field, formats, name });
                return (
                  <td key={path} data-label={label} data-align={typeOf(field.shows).align}>
                    {i === 0 ? <Link to={`/o/${of.name}/${row.id}`}>{shown ?? t("record.open")}</Link> : shown}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
