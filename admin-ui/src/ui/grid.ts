// What a grid is told, and the places in it.
import type { ReactNode } from "react";

/** One that may be chosen for a cell. */
export interface GridChoice {
  value: string;
  label: string;
  /** What tells it from others of its label. */
  about?: string;
}

export interface GridColumn<R> {
  key: string;
  label: string;
  width: number;
  /** Takes the room that the others leave, up to some size. */
  grows?: boolean;
  align?: "right";
  sorted?: "asc" | "desc";
  /** Why rows can't be sorted by it. */
  unsorted?: string;
  /** Of the sum row. */
  sum?: ReactNode;
  cell(row: R): ReactNode;
  /** The value as text: shown as the title, copied, and edited. */
  title(row: R): string;
  edit?: GridEdit<R>;
}

/** How the cells of a column are edited. Absent: they are not. */
export interface GridEdit<R> {
  /** True, or the reason why the cell of this row can't be edited. */
  may(row: R): true | string;
  /** Stores what was typed, or the choice; says at once what is wrong with the text, and keeps it for another try. */
  commit(row: R, text: string, choice?: GridChoice): string | undefined;
  /** Turns a value that is one of two. */
  toggle?(row: R): void;
  /** What may be chosen, by what is typed. Absent: the text is the value. */
  choices?(row: R, typed: string, signal: AbortSignal): Promise<GridChoice[]>;
  /** The keyboard of a phone. */
  inputMode?: "text" | "decimal" | "email" | "tel" | "url";
}

/** A line of the grid: a row, one that has not come yet, or the head of a group. */
export type GridLine<R> =
  | {
      kind: "row";
      id: string;
      row: R /** Why it stands here though it no longer belongs. */;
      mark?: string;
      problems?: Record<string, GridProblem>;
    }
  | { kind: "waiting" }
  | { kind: "group"; id: string; head: ReactNode; open: boolean };

/** What is wrong with a cell, and what was typed there. */
export interface GridProblem {
  says: string;
  typed?: string;
}

/** The place of attention: a row, or a cell in it. */
export interface Place {
  row: number;
  /** Index of the column; absent: the row as a whole. */
  column?: number;
}

/** A block of cells. All are included. */
export interface Block {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export const blockOf = (a: Place, b: Place): Block => ({
  top: Math.min(a.row, b.row),
  bottom: Math.max(a.row, b.row),
  left: Math.min(a.column ?? 0, b.column ?? 0),
  right: Math.max(a.column ?? 0, b.column ?? 0),
});

/** Of the column that rows are chosen in. */
export const checkWidth = 40;

const widest = 440; // that a column grows

/** The columns where there is so much room. */
export function spread<R>(columns: GridColumn<R>[], room: number): GridColumn<R>[] {
  const left = room - columns.reduce((sum, c) => sum + c.width, 0);
  if (left <= 0 || !columns.some((c) => c.grows)) return columns;
  return columns.map((c) => (c.grows ? { ...c, width: Math.max(c.width, Math.min(widest, c.width + left)) } : c));
}

/** Reads a block that a spreadsheet copied: tabs between cells, quotation marks around those with lines in them. */
export function readBlock(text: string): string[][] {
  const rows: string[][] = [[""]];
  let quoted = false;
  let started = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    const row = rows.at(-1) as string[];
    if (quoted) {
      if (letter !== '"') row[row.length - 1] += letter;
      else if (text[i + 1] === '"') {
        row[row.length - 1] += '"';
        i++;
      } else quoted = false;
    } else if (letter === '"' && !started && closes(text, i)) quoted = started = true;
    else if (letter === "\t") {
      row.push("");
      started = false;
    } else if (letter === "\n" || letter === "\r") {
      if (letter === "\r" && text[i + 1] === "\n") i++;
      rows.push([""]);
      started = false;
    } else {
      row[row.length - 1] += letter;
      started = true;
    }
  }
  if (rows.length > 1 && rows.at(-1)?.length === 1 && rows.at(-1)?.[0] === "") rows.pop();
  return rows;
}

/** Whether a quotation mark begins a quoted cell: one that ends before a tab, a line's end, or the text's. */
const closes = (text: string, at: number) => /^"(?:[^"]|"")*"(?=[\t\r\n]|$)/.test(text.slice(at, at + 100_000));

/** Writes a block as spreadsheets paste it. */
export const writeBlock = (rows: string[][]): string =>
  rows
    .map((row) => row.map((cell) => (/[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join("\t"))
    .join("\n");
