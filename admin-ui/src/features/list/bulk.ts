// What is done to all chosen rows.
import { each, portion } from "~/api/bulk";
import { all } from "~/api/filters";
import { type ListQuery, list, type Stored } from "~/api/records";
import type { Selection } from "./selection";

/** More are not changed at once by a person. */
export const mostChosen = 10_000;

export class TooMany extends Error {}

/** The chosen rows with some of their fields. Throws TooMany. */
export async function chosenRows(
  object: string,
  query: ListQuery,
  selection: Selection,
  fields: string[],
  most = mostChosen,
): Promise<Stored[]> {
  const asked = ["id", "version", ...fields];
  const rows: Stored[] = [];
  if (!selection.but) {
    const ids = [...selection.ids];
    if (ids.length > most) throw new TooMany();
    for (let i = 0; i < ids.length; i += portion) {
      const filter = `id in [${ids
        .slice(i, i + portion)
        .map((id) => JSON.stringify(id))
        .join(", ")}]`;
      rows.push(...(await list(object, { filter, fields: asked, limit: portion })).items);
    }
    return rows;
  }
  let cursor: string | undefined;
  do {
    const found = await list(object, { ...query, fields: asked, limit: portion, cursor });
    rows.push(...found.items.filter((row) => !selection.ids.has(row.id as string)));
    if (rows.length > most) throw new TooMany();
    cursor = found.next ?? undefined;
  } while (cursor);
  return rows;
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

/** The filter of an export of what is chosen; undefined where there are too many to name. */
export function exportFilter(filter: string | undefined, selection: Selection): string | undefined {
  const ids = [...selection.ids];
  if (ids.length > 200) return undefined;
  const named = `[${ids.map((id) => JSON.stringify(id)).join(", ")}]`;
  if (!selection.but) return `id in ${named}`;
  return ids.length > 0 ? all(filter, `id not in ${named}`) : (filter ?? "");
}
