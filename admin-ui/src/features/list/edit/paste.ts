// Blocks of cells: pasted, filled down, emptied.
import type { Stored } from "~/api/client";
import type { Formats } from "~/fields";
import { readText } from "~/fields/reading";
import type { Column, Model, ObjectModel } from "~/meta/model";
import type { Block, Place } from "~/ui/grid";
import { editOf, idsOf, mayEdit, type Says, shownText } from "./cells";
import { draft, type Edit, type Edits } from "./useEdits";

export interface Table {
  model: Model;
  object: ObjectModel;
  columns: Column[];
  formats: Formats;
  edits: Edits;
  says: Says;
  /** How many rows there are; what is pasted beneath becomes new ones. */
  count: number;
  row(line: number): Stored | undefined;
  /** Says what is not about one cell. */
  tell(text: string): void;
}

/** Joins the edits of each row to one. */
function joined(edits: Edit[]): Edit[] {
  const rows = new Map<unknown, Edit>();
  for (const edit of edits) {
    const one = rows.get(edit.row.id);
    rows.set(
      edit.row.id,
      one
        ? {
            row: one.row,
            values: { ...one.values, ...edit.values },
            names: { ...one.names, ...edit.names },
            typed: { ...one.typed, ...edit.typed },
          }
        : edit,
    );
  }
  return [...rows.values()];
}

/** Pastes a block with its first cell at a place. A single value fills nothing but its cell. */
export async function paste(table: Table, at: Place, block: string[][]): Promise<void> {
  const { model, object, columns, formats, edits, says } = table;
  const width = Math.max(...block.map((line) => line.length));
  const into = columns.slice(at.column ?? 0, (at.column ?? 0) + width);
  const ids = new Map<Column, Map<string, string>>();
  for (const [i, column] of into.entries()) {
    if (column.field.targets.length !== 1) continue;
    const names = [...new Set(block.map((line) => line[i]?.trim()).filter((one): one is string => !!one))];
    ids.set(column, await idsOf(model, column.field.targets[0] as string, names));
  }
  const made: Edit[] = [];
  const fixed = new Map<Column, string>(); // columns that nothing was pasted into, and why
  for (const [i, line] of block.entries()) {
    const index = at.row + i;
    const beneath = index >= table.count;
    if (beneath && (!object.can.create || line.every((text) => text.trim() === ""))) continue;
    const row = beneath ? draft({}) : table.row(index);
    if (!row) continue;
    if (beneath) made.push({ row, values: {}, typed: {} });
    for (const [at, text] of line.entries()) {
      const column = into[at];
      if (!column) continue;
      const id = row.id as string;
      const may = mayEdit(object, column, says);
      if (may !== true) {
        // What is the same already, as in whole rows that are copied, is no complaint.
        if (text && !beneath && text !== shownText(row, column, formats)) fixed.set(column, may);
        continue;
      }
      const reference = ids.get(column);
      const value =
        text.trim() === "" ? null : reference ? reference.get(text.trim()) : readText(column.field, text, formats);
      if (value === undefined)
        edits.refuse(id, column.path, {
          says: reference ? says.noSuch : says.unreadable(column.field.shows),
          typed: text,
        });
      else if (!(beneath && value === null))
        made.push(editOf(row, column, value, reference ? text.trim() : undefined, text));
    }
  }
  for (const [column, why] of fixed) table.tell(`${column.label}: ${why}`);
  await edits.write(joined(made));
}

/** Copies the first row of a block into the others; the row above, where the block is one row. */
export async function fillDown(table: Table, block: Block): Promise<void> {
  const top = block.top === block.bottom ? block.top - 1 : block.top;
  const from = top < 0 ? undefined : table.row(top);
  if (!from) return;
  const made: Edit[] = [];
  for (let i = top + 1; i <= block.bottom; i++) {
    const row = table.row(i);
    if (row)
      for (const column of table.columns.slice(block.left, block.right + 1))
        if (mayEdit(table.object, column, table.says) === true)
          made.push(
            editOf(
              row,
              column,
              from[column.path] ?? null,
              column.namePath ? (from[column.namePath] as string | null) : undefined,
            ),
          );
  }
  await table.edits.write(joined(made));
}

export async function empty(table: Table, block: Block): Promise<void> {
  const made: Edit[] = [];
  for (let i = block.top; i <= block.bottom; i++) {
    const row = table.row(i);
    if (row)
      for (const column of table.columns.slice(block.left, block.right + 1))
        if (mayEdit(table.object, column, table.says) === true && (row[column.path] ?? null) !== null)
          made.push(editOf(row, column, null, null));
  }
  await table.edits.write(joined(made));
}
