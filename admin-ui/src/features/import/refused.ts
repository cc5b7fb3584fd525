// Refused rows, and what a person makes of them.
import { readCSV, writeCSV } from "./csv";

export interface Row {
  /** Its number in the file, as spreadsheets count. */
  number: number;
  cells: string[];
  reasons: string[];
}

export interface Refused {
  headings: string[];
  rows: Row[];
}

/** Corrected cells, by the number of the row. */
export type Edits = Record<number, string[]>;

/** What the server's file of refused rows says. `numbers` are those of rows that were sent again, by their place. */
export function readRefused(text: string, numbers?: number[]): Refused {
  const [head = [], ...rows] = readCSV(text);
  const [row, reasons] = [head.indexOf("_row"), head.indexOf("_reasons")];
  const columns = head.map((_, i) => i).filter((i) => i !== row && i !== reasons);
  return {
    headings: columns.map((i) => head[i] as string),
    rows: rows.map((cells) => {
      const number = Number(cells[row]);
      return {
        number: numbers?.[number - 2] ?? number,
        cells: columns.map((i) => cells[i] ?? ""),
        reasons: (cells[reasons] ?? "").replace(/^'/, "").split(" | ").filter(Boolean),
      };
    }),
  };
}

/** A run of sent rows: of the whole file, or of rows that were corrected. */
export interface Part {
  /** The rows that were sent; absent: all. */
  numbers?: number[];
  /** Absent: it is under way. */
  refused?: Refused;
}

/** The rows that are refused after all that was sent, without those that are on their way. */
export function remaining(parts: Part[]): Refused {
  const [first, ...later] = parts;
  let rows = first?.refused?.rows ?? [];
  for (const { numbers, refused } of later) {
    const sent = new Set(numbers);
    rows = [...rows.filter((row) => !sent.has(row.number)), ...(refused?.rows ?? [])];
  }
  return { headings: first?.refused?.headings ?? [], rows: rows.sort((a, b) => a.number - b.number) };
}

/** The corrected ones of refused rows as a file, with their numbers by their place in it. */
export function toSend({ headings, rows }: Refused, edits: Edits): { file: File; numbers: number[] } {
  const corrected = rows.filter((row) => edits[row.number]);
  const text = writeCSV([headings, ...corrected.map((row) => edits[row.number] as string[])]);
  return {
    file: new File([text], "corrected.csv", { type: "text/csv" }),
    numbers: corrected.map((row) => row.number),
  };
}
