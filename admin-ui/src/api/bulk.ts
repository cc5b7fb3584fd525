// What is done to many records, by requests of up to 500 each.
import { bulk, type Operation } from "./records";

/** How many records one request reads or changes. */
export const portion = 500;

export interface Outcome<Row> {
  done: Row[];
  refused: number;
  /** The sentence about the first one that was refused. */
  why?: string;
}

interface Versioned {
  id?: unknown;
  version?: number;
}

/** Does something to each row, and says what became of it; what was done has its new version. */
export async function each<Row extends Versioned>(
  object: string,
  rows: Row[],
  operation: (row: Row) => Operation,
): Promise<Outcome<Row>> {
  const outcome: Outcome<Row> = { done: [], refused: 0 };
  for (let i = 0; i < rows.length; i += portion) {
    const some = rows.slice(i, i + portion);
    const { results } = await bulk(object, some.map(operation));
    for (const [at, result] of results.entries()) {
      const row = some[at] as Row;
      if (result.problem) {
        outcome.refused++;
        outcome.why ??= result.problem.errors?.[0]?.detail ?? result.problem.detail;
      } else outcome.done.push({ ...row, version: result.version ?? row.version });
    }
  }
  return outcome;
}

export const removeAll = <Row extends Versioned>(object: string, rows: Row[]) =>
  each(object, rows, (row) => ({ op: "delete", id: row.id as string }));

export const restoreAll = <Row extends Versioned>(object: string, rows: Row[]) =>
  each(object, rows, (row) => ({ op: "restore", id: row.id as string }));
