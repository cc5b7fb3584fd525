// What the table of child rows computes: sums, and rows from pasted text.
import type { Field } from "~/meta/model";
import type { Row } from "./index";

const summed = new Set(["number", "currency", "duration"]);

/** The sum of a column that is computed from each row, which is what sums are made of; undefined of any other. */
export function sumOf(rows: Row[], field: Field): number | undefined {
  if (field.type !== "formula" || !summed.has(field.shows)) return undefined;
  const scale = 10 ** (field.doc.scale ?? (field.shows === "currency" ? 2 : 0));
  return rows.reduce((sum, row) => sum + Math.round(Number(row[field.name] ?? 0) * scale), 0) / scale;
}

/** The cells of a block of a spreadsheet, as it is pasted; undefined for a text that is no block. */
export function blockOf(text: string): string[][] | undefined {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (lines.length === 1 && !text.includes("\t")) return undefined;
  return lines.map((line) => line.split("\t"));
}

/**
 * Puts a block into rows from a cell on; what is below the last row makes new ones, up to a number. `read` gives
 * undefined for a text that is no value of a field: its cell stays.
 */
export function pasted(
  rows: Row[],
  fields: Field[],
  at: { row: number; column: number },
  block: string[][],
  most: number,
  read: (field: Field, text: string) => unknown,
): Row[] {
  const next = rows.map((row) => ({ ...row }));
  for (const [i, cells] of block.entries()) {
    if (at.row + i >= most) break;
    const row = next[at.row + i] ?? {};
    for (const [j, cell] of cells.entries()) {
      const field = fields[at.column + j];
      if (!field?.editable) continue;
      const value = read(field, cell);
      if (value !== undefined) row[field.name] = value;
    }
    next[at.row + i] = row;
  }
  return next;
}
