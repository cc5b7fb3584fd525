import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Schemas } from "~/api/client";
import { typeOf } from "~/fields";
import { findFor } from "~/fields/find";
import { useFormats } from "~/fields/useFormats";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./CreatePanel.module.css";
import type { NewRecord } from "./useNewRecord";

interface Props {
  object: ObjectModel;
  record: NewRecord;
  fields: string[];
  autoFocus?: boolean;
}

/** The inputs of a record that is being made, each with what stands in its way. */
export function FormFields({ object, record, fields, autoFocus = true }: Props) {
  const formats = useFormats();
  const { model } = useSession();
  // One goes on with what the record does not begin with.
  const first = fields.find((name) => !(name in record.given)) ?? fields[0];
  return (
    <>
      {fields.map((name) => {
        const field = object.fields.get(name);
        const Input = field && typeOf(field.shows).Input;
        if (!field || !Input) return null;
        const inside = record.problemsOf(name).map((p) => ({ ...p, pointer: p.pointer.slice(name.length + 1) }));
        return (
          <Input
            key={name}
            autoFocus={autoFocus && name === first}
            field={field}
            formats={formats}
            label={field.label}
            value={record.valueOf(name) as never}
            name={record.names[name]}
            parts={{ value: record.state?.values[name], rows: record.state?.rows[name], problems: inside }}
            offered={record.states[name]?.options}
            required={record.states[name]?.required}
            problem={field.rows.length > 0 && inside.some((p) => p.pointer) ? undefined : record.problemOf(name)}
            candidates={field.targets.length === 1 ? findFor(model, object, name, { data: record.values }) : undefined}
            onChange={(value: unknown, called?: string | null) => record.set(name, value, called)}
          />
        );
      })}
    </>
  );
}

/** Records that are probably the same, to be looked at. */
export function Duplicates({ found }: { found: Schemas["Warning"][] }) {
  const { t } = useTranslation();
  return found.map((one) => (
    <div key={one.code + one.pointer} className={css.warning} role="status">
      <p>{one.detail}</p>
      <ul>
        {one.matches.map((match) => (
          <li key={match.id}>
            <Link to={`/o/${match.object}/${match.id}`} target="_blank">
              {match.name || t("record.hidden")}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ));
}

/** What stands in the way and has no place among the fields that are shown. */
export function Elsewhere({ record, fields }: { record: NewRecord; fields: string[] }) {
  if (!record.tried) return null;
  const shown = new Set(fields.flatMap((name) => record.problemsOf(name)));
  const rest = record.problems.filter((p) => !shown.has(p));
  return (
    <div role="alert" className="bad">
      {rest.map((p) => (
        <p key={p.pointer + p.detail}>{p.detail}</p>
      ))}
      {record.refused && record.problems.length === 0 && <p>{record.refused.detail}</p>}
    </div>
  );
}
