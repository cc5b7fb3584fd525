import { ActionIcon, Button } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Field } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { InputProps, PartsState } from "../field";
import { find } from "../find";
import { typeOf } from "../index";
import type { Row } from "./index";
import { blockOf, pasted, sumOf } from "./rows";
import css from "./Table.module.css";

/** Rows that belong to the record, edited in place: a cell is its input while it has the focus. */
export default function Table(props: InputProps<Row[]>) {
  const { value, field, formats, label, required, disabled, problem, names, parts, onChange } = props;
  const { t } = useTranslation();
  const { model } = useSession();
  const [active, setActive] = useState<{ row: number; column: number }>();
  const [called, setCalled] = useState<Record<string, string | null>>({});
  const rows = value ?? [];
  const shown = (parts?.value as Row[] | null | undefined) ?? rows;
  const fields = field.rows;
  const most = field.doc.max_rows ?? 500;

  const change = (next: Row[]) => onChange(next.length > 0 ? next : null);
  const set = (row: number, name: string, to: unknown) =>
    change(rows.map((one, i) => (i === row ? { ...entered(one, fields), [name]: to } : entered(one, fields))));
  const add = () => {
    change([...rows.map((one) => entered(one, fields)), {}]);
    setActive({
      row: rows.length,
      column: Math.max(
        0,
        fields.findIndex((one) => one.editable),
      ),
    });
  };
  const nameOf = (of: Field, cell: unknown): string | null | undefined => {
    if (cell === null || cell === undefined || of.targets.length + Number(of.type === "any_lookup") === 0)
      return undefined;
    const [object, id] =
      typeof cell === "object"
        ? [(cell as { object: string }).object, (cell as { id: string }).id]
        : [of.targets[0], String(cell)];
    return called[`${object}/${id}`] ?? names?.[object ?? ""]?.[id];
  };
  const cell = (row: number, column: number) => {
    const of = fields[column] as Field;
    const type = typeOf(of.shows);
    const can = parts?.rows?.[row]?.[of.name];
    const Input = !disabled && of.editable && !can?.read_only ? type.Input : undefined;
    const wrong = parts?.problems.find((one) => within(one.pointer, `/${row}/${of.name}`))?.detail;
    const known = (Input ? rows[row] : shown[row])?.[of.name] ?? null;
    const name = nameOf(of, known);
    const text = known === null ? "" : type.cell(known, { field: of, formats, name });
    const title = t("fields.children.cell", { field: of.label, row: row + 1 });
    if (type.stands && Input)
      return (
        <Input
          field={of}
          formats={formats}
          names={names}
          value={known as never}
          parts={partsWithin(parts, `/${row}/${of.name}`)}
          onChange={(to: unknown) => set(row, of.name, to)}
        />
      );
    if (Input && active?.row === row && active.column === column)
      return (
        <Input
          autoFocus
          field={{ ...of, label: title }}
          formats={formats}
          value={known as never}
          name={name}
          offered={can?.options}
          required={can?.required}
          problem={wrong}
          candidates={of.targets[0] ? find(model, of.targets[0]) : undefined}
          onChange={(to: unknown, name?: string | null) => {
            const target =
              typeof to === "string" ? `${of.targets[0]}/${to}` : `${(to as Row)?.object}/${(to as Row)?.id}`;
            if (name !== undefined && to !== null) setCalled((before) => ({ ...before, [target]: name }));
            set(row, of.name, to);
          }}
          onDone={() => {
            if (type.chosen) return;
            if (row + 1 < rows.length) setActive({ row: row + 1, column });
            else add();
          }}
        />
      );
    return (
      <>
        {Input ? (
          <button
            type="button"
            aria-label={title}
            onFocus={() => setActive({ row, column })}
            onClick={() => setActive({ row, column })}
          >
            {text}
          </button>
        ) : (
          <span>{text}</span>
        )}
        {wrong && <span className="bad small">{wrong}</span>}
      </>
    );
  };
  const sums = fields.map((one) => sumOf(shown, one));
  return (
    <div className={css.table}>
      <div
        className={css.scrolls}
        onPaste={(event) => {
          const block = active && blockOf(event.clipboardData.getData("text/plain"));
          if (!block) return;
          event.preventDefault();
          const read = (of: Field, text: string) => typeOf(of.shows).parse?.(text, { field: of, formats });
          change(
            pasted(
              rows.map((one) => entered(one, fields)),
              fields,
              active,
              block,
              most,
              read,
            ),
          );
        }}
      >
        <table aria-label={label ?? field.label}>
          {label && (
            <caption>
              {label}
              {required && " *"}
            </caption>
          )}
          <thead>
            <tr>
              {fields.map((one) => (
                <th key={one.name} scope="col" data-align={typeOf(one.shows).align}>
                  {one.label}
                  {one.required && <span className="bad"> *</span>}
                </th>
              ))}
              {!disabled && <td className={css.remove} />}
            </tr>
          </thead>
          <tbody>
            {rows.map((_, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name than its place
              <tr key={row}>
                {fields.map((one, column) => (
                  <td key={one.name} data-align={typeOf(one.shows).align}>
                    {cell(row, column)}
                  </td>
                ))}
                {!disabled && (
                  <td className={css.remove}>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="sm"
                      aria-label={t("fields.children.remove", { row: row + 1 })}
                      onClick={() => {
                        setActive(undefined);
                        change(rows.filter((_, i) => i !== row).map((one) => entered(one, fields)));
                      }}
                    >
                      <IconTrash size={14} />
                    </ActionIcon>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
          {rows.length > 0 && sums.some((sum) => sum !== undefined) && (
            <tfoot>
              <tr>
                {fields.map((one, i) => (
                  <td key={one.name} data-align={typeOf(one.shows).align}>
                    {sums[i] === undefined ? "" : typeOf(one.shows).text(sums[i], { field: one, formats })}
                  </td>
                ))}
                {!disabled && <td className={css.remove} />}
              </tr>
            </tfoot>
          )}
        </table>
      </div>
      {problem && <p className="bad small">{problem}</p>}
      {!disabled && rows.length < most && (
        <Button
          variant="subtle"
          size="compact-xs"
          autoFocus={props.autoFocus}
          leftSection={<IconPlus size={14} />}
          onClick={add}
        >
          {t("fields.children.add")}
        </Button>
      )}
    </div>
  );
}

/** What of a row is sent: computed fields are not. */
const entered = (row: Row, fields: Field[]): Row =>
  Object.fromEntries(
    fields.filter((one) => one.editable && row[one.name] !== undefined).map((one) => [one.name, row[one.name]]),
  );

const within = (pointer: string, at: string) => pointer === at || pointer.startsWith(`${at}/`);

/** The parts of a value within another. */
function partsWithin(parts: PartsState | undefined, at: string): PartsState {
  return {
    problems: (parts?.problems ?? [])
      .filter((one) => one.pointer.startsWith(`${at}/`))
      .map((one) => ({ ...one, pointer: one.pointer.slice(at.length) })),
  };
}
