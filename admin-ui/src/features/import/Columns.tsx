import { Select } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Preview } from "~/api/imports";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Import.module.css";
import { dayFormats, fillable, naming, redirect, sure, type Target, targetOf } from "./mapping";

interface Props {
  object: ObjectModel;
  preview: Preview;
  targets: Target[];
  disabled: boolean;
  onChange(targets: Target[]): void;
}

/** Left the columns of the file with samples, right where they go. */
export function Columns({ object, preview, targets, disabled, onChange }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const choices = useMemo(
    () => [
      { value: "", label: t("import.leave_out") },
      ...fillable(object).map(({ name, label, required }) => ({ value: name, label: required ? `${label} *` : label })),
    ],
    [object, t],
  );
  return (
    <table className={css.columns}>
      <thead>
        <tr>
          <th scope="col">{t("import.column")}</th>
          <th scope="col">{t("import.goes_to")}</th>
        </tr>
      </thead>
      <tbody>
        {preview.columns.map(({ heading, samples }, i) => {
          const target = targets[i] ?? { field: "", values: {} };
          const field = object.fields.get(target.field);
          const leads = targetOf(model, field);
          const change = (changes: Partial<Target>) => onChange(targets.with(i, { ...target, ...changes }));
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place, and headings may be empty
            <tr key={i}>
              <th scope="row">
                {heading || t("import.no_heading")}
                <span className={css.samples}>
                  {samples.map((one) => (
                    <span key={one}>{one}</span>
                  ))}
                </span>
              </th>
              <td>
                <Select
                  className={css.field}
                  size="xs"
                  aria-label={t("import.field_of", { heading })}
                  data={choices}
                  value={target.field}
                  comboboxProps={{ keepMounted: false }} // for each column of the file there would be all fields
                  searchable
                  allowDeselect={false}
                  nothingFoundMessage={t("record.nothing_found")}
                  disabled={disabled || heading === ""}
                  onChange={(name) => onChange(redirect(model, object, targets, i, name ?? ""))}
                />
                {target.field && target.certainty !== undefined && (
                  <span className={css.sure} data-sure={sure(target.certainty)}>
                    {t(`import.${sure(target.certainty)}`)} {Math.round(target.certainty * 100)} %
                  </span>
                )}
                {leads && (
                  <select
                    className={css.select}
                    aria-label={t("import.found_by", { object: leads.label })}
                    value={target.match ?? ""}
                    disabled={disabled}
                    onChange={(event) => change({ match: event.currentTarget.value || undefined, values: {} })}
                  >
                    {naming(leads).map((one) => (
                      <option key={one.name} value={one.name}>
                        {t("import.by", { object: leads.label, field: one.label })}
                      </option>
                    ))}
                    <option value="">{t("import.by", { object: leads.label, field: "ID" })}</option>
                  </select>
                )}
                {field && ["date", "datetime"].includes(field.type) && (
                  <select
                    className={css.select}
                    aria-label={t("import.format_of", { heading })}
                    value={target.format ?? ""}
                    disabled={disabled}
                    onChange={(event) => change({ format: event.currentTarget.value || undefined })}
                  >
                    <option value="">yyyy-mm-dd</option>
                    {[...new Set([...dayFormats, ...(target.format ? [target.format] : [])])].map((one) => (
                      <option key={one}>{one}</option>
                    ))}
                  </select>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
