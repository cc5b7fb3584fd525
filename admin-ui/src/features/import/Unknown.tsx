import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import type { Preview } from "~/api/imports";
import { list } from "~/api/records";
import { ReferenceInput } from "~/fields/ReferenceInput";
import { useFormats } from "~/fields/useFormats";
import { say } from "~/meta/documents";
import type { Field, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Import.module.css";
import { type Target, targetOf } from "./mapping";
import { takesOptions, useNewOption } from "./newOption";

interface Props {
  object: ObjectModel;
  preview: Preview;
  unknown: Preview["unknown"];
  targets: Target[];
  disabled: boolean;
  onChange(targets: Target[]): void;
}

/** Values that are none of their field: each is taken for another, becomes an option, or is left out. */
export function Unknown({ object, preview, unknown, targets, disabled, onChange }: Props) {
  const { t } = useTranslation();
  return unknown.map(({ field: name, column, values, more }) => {
    const field = object.fields.get(name);
    const i = preview.columns.findIndex(({ heading }) => heading === column);
    const target = targets[i];
    if (!field || !target || target.field !== name) return null;
    const decide = (value: string, taken: string | undefined) => {
      const { [value]: _, ...rest } = target.values;
      onChange(targets.with(i, { ...target, values: taken === undefined ? rest : { ...rest, [value]: taken } }));
    };
    return (
      <table key={name} className={css.unknown}>
        <caption>{t("import.unknown_in", { column, field: field.label })}</caption>
        <thead>
          <tr>
            <th scope="col">{t("import.value")}</th>
            <th scope="col">{t("import.rows")}</th>
            <th scope="col">{t("import.taken_for")}</th>
          </tr>
        </thead>
        <tbody>
          {values.map(({ value, count }) => (
            <tr key={value}>
              <th scope="row">{value}</th>
              <td>{count.toLocaleString()}</td>
              <td>
                <Decision
                  object={object}
                  field={field}
                  value={value}
                  match={target.match}
                  taken={target.values[value]}
                  disabled={disabled}
                  onDecide={(taken) => decide(value, taken)}
                />
              </td>
            </tr>
          ))}
        </tbody>
        {more && (
          <tfoot>
            <tr>
              <td colSpan={3} className="quiet small">
                {t("import.more_values")}
              </td>
            </tr>
          </tfoot>
        )}
      </table>
    );
  });
}

interface DecisionProps {
  object: ObjectModel;
  field: Field;
  value: string;
  match?: string;
  /** Absent: nothing was decided; empty: it is left out. */
  taken: string | undefined;
  disabled: boolean;
  onDecide(taken: string | undefined): void;
}

const [undecided, skipped, other, added] = ["undecided", "skipped", "other", "added"];

function Decision({ object, field, value, match, taken, disabled, onDecide }: DecisionProps) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const { may, adding } = useNewOption(object);
  const leads = match ? targetOf(model, field) : undefined;
  const label = t("import.taken_for_of", { value });
  const state = taken === undefined ? undecided : taken === "" ? skipped : leads ? other : `=${taken}`;
  return (
    <span className={css.decision}>
      <select
        className={css.select}
        aria-label={label}
        value={state}
        disabled={disabled || adding.isPending}
        onChange={(event) => {
          const to = event.currentTarget.value;
          if (to === added) adding.mutate({ field, label: value }, { onSuccess: onDecide });
          else onDecide(to === undecided ? undefined : to === skipped ? "" : to === other ? value : to.slice(1));
        }}
      >
        <option value={undecided}>{t("import.refuse_rows")}</option>
        <option value={skipped}>{t("import.leave_empty")}</option>
        {leads ? (
          <option value={other}>{t("import.another", { object: leads.label })}</option>
        ) : (
          field.options.map((one) => (
            <option key={one.name} value={`=${one.name}`}>
              {say(one.label, i18n.language, one.name)}
            </option>
          ))
        )}
        {may && takesOptions(object, field) && <option value={added}>{t("import.new_option", { value })}</option>}
      </select>
      {adding.error && (
        <span role="alert" className="bad">
          {refusal(adding.error)?.errors?.[0]?.detail ?? refusal(adding.error)?.detail ?? t("error.offline")}
        </span>
      )}
      {leads && match && state === other && (
        <ReferenceInput
          field={{ ...field, label: t("import.record_for", { value }) }}
          formats={formats}
          value={taken === value ? null : (taken ?? null)}
          name={taken}
          disabled={disabled}
          onChange={(_, name) => onDecide(name ?? value)}
          candidates={async (q, signal) => {
            const page = await list(leads.name, { q: q || undefined, fields: ["id", match], limit: 20 }, signal);
            return page.items
              .map((one) => ({ id: String(one.id), name: String(one[match] ?? "") }))
              .filter((one) => one.name);
          }}
        />
      )}
    </span>
  );
}
