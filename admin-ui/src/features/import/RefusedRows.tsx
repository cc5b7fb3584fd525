import { Button } from "@mantine/core";
import { type ChangeEvent, memo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectModel } from "~/meta/model";
import css from "./Import.module.css";
import type { Edits, Refused, Row } from "./refused";

interface Props {
  object: ObjectModel;
  refused: Refused;
  /** Headings of the columns that go somewhere. */
  used: string[];
  edits: Edits;
  disabled: boolean;
  onEdit(row: Row, cells: string[] | undefined): void;
}

const page = 50;

/** Refused rows with the reasons; every cell is an input. */
export function RefusedRows({ object, refused, used, edits, disabled, onEdit }: Props) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(page);
  const columns = refused.headings.flatMap((heading, i) => (used.includes(heading) ? [i] : []));
  return (
    <>
      <div className={css.scroll}>
        <table className={css.refused}>
          <thead>
            <tr>
              <th scope="col">{t("import.row")}</th>
              <th scope="col">{t("import.why")}</th>
              {columns.map((i) => (
                <th scope="col" key={i}>
                  {refused.headings[i]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {refused.rows.slice(0, shown).map((row) => (
              <Line
                key={row.number}
                object={object}
                row={row}
                headings={refused.headings}
                columns={columns.join()}
                cells={edits[row.number]}
                disabled={disabled}
                onEdit={onEdit}
              />
            ))}
          </tbody>
        </table>
      </div>
      {refused.rows.length > shown && (
        <Button size="xs" variant="subtle" onClick={() => setShown(shown + page)}>
          {t("import.more_rows", { count: refused.rows.length - shown })}
        </Button>
      )}
    </>
  );
}

interface LineProps {
  object: ObjectModel;
  row: Row;
  headings: string[];
  /** Their places, joined so that a line is drawn anew only for others. */
  columns: string;
  cells?: string[];
  disabled: boolean;
  onEdit(row: Row, cells: string[] | undefined): void;
}

function LineOf({ object, row, headings, columns, cells, disabled, onEdit }: LineProps) {
  const { t } = useTranslation();
  const change = (column: number) => (event: ChangeEvent<HTMLInputElement>) => {
    const next = (cells ?? row.cells).with(column, event.currentTarget.value);
    onEdit(row, next.some((cell, i) => cell !== row.cells[i]) ? next : undefined);
  };
  return (
    <tr data-corrected={cells !== undefined}>
      <th scope="row">{row.number}</th>
      <td className={css.why}>
        {row.reasons.map((one) => (
          <span key={one}>{named(object, one)}</span>
        ))}
      </td>
      {columns
        .split(",")
        .map(Number)
        .map((i) => (
          <td key={i} data-heading={headings[i]}>
            <input
              aria-label={t("import.cell", { heading: headings[i], row: row.number })}
              value={(cells ?? row.cells)[i] ?? ""}
              disabled={disabled}
              onChange={change(i)}
            />
          </td>
        ))}
    </tr>
  );
}
/** A reason with the label of the field that it begins with, where the server had the name alone. */
const named = (object: ObjectModel, reason: string): string =>
  reason.replace(/^\/(\w+): /, (all, name: string) => {
    const label = object.fields.get(name)?.label;
    return label ? `${label}: ` : all;
  });

const Line = memo(
  LineOf,
  (a, b) =>
    a.row.number === b.row.number &&
    a.cells === b.cells &&
    a.columns === b.columns &&
    a.disabled === b.disabled &&
    a.row.reasons.join() === b.row.reasons.join(),
);
