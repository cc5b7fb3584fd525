import { Button, Radio } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Stored } from "~/api/client";
import type { Names } from "~/api/names";
import { type Formats, typeOf } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./ConflictPanel.module.css";
import { referencesIn, useNames } from "./useNames";
import type { Conflict } from "./useRecord";

interface Props {
  object: ObjectModel;
  conflict: Conflict;
  formats: Formats;
  save(values: Record<string, unknown>, from: Stored): Promise<Problem | undefined>;
  onDone(): void;
}

/** Of fields that two people changed: what was there before, mine and theirs, of which one is chosen. */
export function ConflictPanel({ object, conflict, formats, save, onDone }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [mine, setMine] = useState<Record<string, boolean>>({});
  const [problem, setProblem] = useState<string>();
  const sides = ["before", "theirs", "mine"] as const;
  const names = useNames(
    conflict.collisions.flatMap((one) => {
      const field = object.fields.get(one.field);
      return field ? sides.flatMap((side) => referencesIn(model, field, one[side])) : [];
    }),
  );
  const settle = async () => {
    const chosen = conflict.collisions.filter((one) => mine[one.field]);
    if (chosen.length > 0) {
      const why = await save(Object.fromEntries(chosen.map((one) => [one.field, one.mine])), conflict.stored);
      if (why) return setProblem(why.errors?.[0]?.detail ?? why.detail);
    }
    onDone();
  };
  return (
    <section className={css.panel} role="alert" aria-label={t("record.conflict")}>
      <p>{t("record.conflict")}</p>
      <table>
        <thead>
          <tr>
            <td />
            {sides.map((side) => (
              <th key={side} scope="col">
                {t(`record.${side}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {conflict.collisions.map((one) => {
            const label = object.fields.get(one.field)?.label ?? one.field;
            const shown = (side: (typeof sides)[number]) => (
              <Value object={object} name={one.field} value={one[side]} names={names} formats={formats} />
            );
            return (
              <tr key={one.field}>
                <th scope="row">{label}</th>
                <td>{shown("before")}</td>
                {(["theirs", "mine"] as const).map((side) => (
                  <td key={side}>
                    <Radio
                      size="xs"
                      name={`conflict-${one.field}`}
                      aria-label={`${label}: ${t(`record.${side}`)}`}
                      label={shown(side)}
                      checked={(mine[one.field] ?? false) === (side === "mine")}
                      onChange={() => setMine((before) => ({ ...before, [one.field]: side === "mine" }))}
                    />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {problem && <p className="bad">{problem}</p>}
      <Button size="xs" onClick={() => void settle()}>
        {t("record.settle")}
      </Button>
    </section>
  );
}

/** A value of a field as it is shown. */
export function Value(props: { object: ObjectModel; name: string; value: unknown; names?: Names; formats: Formats }) {
  const { t } = useTranslation();
  const { object, name, value, names, formats } = props;
  const field = object.fields.get(name);
  if (value === null || value === undefined) return <span className="quiet">{t("record.empty")}</span>;
  if (!field) return typeof value === "object" ? JSON.stringify(value) : String(value);
  const to =
    typeof value === "object"
      ? (value as { object?: string; id?: string })
      : { object: field.targets[0], id: String(value) };
  const called =
    field.targets.length > 0 || field.shows === "any_lookup" ? names?.[to.object ?? ""]?.[to.id ?? ""] : undefined;
  return <>{typeOf(field.shows).cell(value, { field, formats, name: called })}</>;
}
