// What is done to all chosen rows.
import { all } from "~/api/filters";
import { bulk, type ListQuery, list, restore, type Stored } from "~/api/records";
import type { Selection } from "./selection";

/** More are not changed at once by a person. */
export const mostChosen = 10_000;
const page = 500;

export class TooMany extends Error {}

/** The chosen rows with some of their fields. Throws TooMany. */
export async function chosenRows(
  object: string,
  query: ListQuery,
  selection: Selection,
  fields: string[],
): Promise<Stored[]> {
  const asked = ["id", "version", ...fields];
  const rows: Stored[] = [];
  if (!selection.but) {
    const ids = [...selection.ids];
    if (ids.length > mostChosen) throw new TooMany();
    for (let i = 0; i < ids.length; i += page) {
      const filter = `id in [${ids
        .slice(i, i + page)
        .map((id) => JSON.stringify(id))
        .join(", ")}]`;
      rows.push(...(await list(object, { filter, fields: asked, limit: page })).items);
    }
    return rows;
  }
  let cursor: string | undefined;
  do {
    const found = await list(object, { ...query, fields: asked, limit: page, cursor });
    rows.push(...found.items.filter((row) => !selection.ids.has(row.id as string)));
    if (rows.length > mostChosen) throw new TooMany();
    cursor = found.next ?? undefined;
  } while (cursor);
  return rows;
}

export interface Outcome {
  done: Stored[];
  /** The sentence about the first one that was refused. */
  refused: number;
  why?: string;
}

type Line = Parameters<typeof bulk>[1][number];

/** Sends operations in portions, and says what became of each row. */
async function each(object: string, rows: Stored[], operation: (row: Stored) => Line): Promise<Outcome> {
  const outcome: Outcome = { done: [], refused: 0 };
  for (let i = 0; i < rows.length; i += page) {
    const some = rows.slice(i, i + page);
    const { results } = await bulk(object, some.map(operation));
    for (const [at, result] of results.entries()) {
      const row = some[at] as Stored;
      if (result.problem) {
        outcome.refused++;
        outcome.why ??= result.problem.errors?.[0]?.detail ?? result.problem.detail;
      } else outcome.done.push({ ...row, version: result.version ?? row.version });
    }
  }
  return outcome;
}

export const setField = (object: string, rows: Stored[], field: string, value: unknown) =>
  each(object, rows, (row) => ({ op: "update", id: row.id as string, data: { [field]: value } }));

/** Gives each row the value back that it had, unless somebody changed it since. */
export const putBack = (object: string, rows: Stored[], field: string, before: Map<string, unknown>) =>
  each(object, rows, (row) => ({
    op: "update",
    id: row.id as string,
    version: row.version,
    data: { [field]: before.get(row.id as string) ?? null },
  }));

export const removeAll = (object: string, rows: Stored[]) =>
  each(object, rows, (row) => ({ op: "delete", id: row.id as string, data: {} }));

/** Takes rows out of the bin, a few at a time. */
export async function restoreAll(object: string, rows: Stored[]) {
  const waiting = rows.map((row) => row.id as string);
  const next = async () => {
    for (let id = waiting.pop(); id; id = waiting.pop()) await restore(object, id);
  };
  await Promise.all([next(), next(), next(), next()]);
}

/** The filter of an export of what is chosen; undefined where there are too many to name. */
export function exportFilter(filter: string | undefined, selection: Selection): string | undefined {
  const ids = [...selection.ids];
  if (ids.length > 200) return undefined;
  const named = `[${ids.map((id) => JSON.stringify(id)).join(", ")}]`;
  if (!selection.but) return `id in ${named}`;
  return ids.length > 0 ? all(filter, `id not in ${named}`) : (filter ?? "");
}
