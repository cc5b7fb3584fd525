// The names of records that references lead to: object → id → name, of those that the caller may read; null of one
// that has none to tell.
import { list } from "./records";

export type Names = Record<string, Record<string, string | null>>;

const mark = " called";

/** Where a record has the name of what a reference to records of several objects leads to. No field is called so. */
export const calledPath = (path: string) => `${path}${mark}`;

/** How fields are asked for, of which some are such names; and what puts these where a record has them. */
export function naming(fields: string[] | undefined) {
  const paths = (fields ?? []).flatMap((one) => (one.endsWith(mark) ? one.slice(0, -mark.length) : []));
  const named = <R extends Record<string, unknown>>(row: R, names: Names | undefined): R => {
    if (paths.length === 0) return row;
    const all: Record<string, unknown> = { ...row };
    for (const path of paths) {
      const to = row[path] as { object: string; id: string } | null | undefined;
      if (to) all[calledPath(path)] = names?.[to.object]?.[to.id] ?? null;
    }
    return all as R;
  };
  const query = paths.length > 0 ? { fields: fields?.filter((one) => !one.endsWith(mark)), names: true } : { fields };
  return { query, named };
}

/** A reference, and the field that names a record of its object. */
export interface Reference {
  object: string;
  id: string;
  nameField: string;
}

/** Finds the names of references, by one request an object. What is absent may not be read. */
export async function namesOf(references: Reference[], signal?: AbortSignal): Promise<Names> {
  const names: Names = {};
  const objects = new Map<string, Reference[]>();
  for (const one of references) objects.set(one.object, [...(objects.get(one.object) ?? []), one]);
  await Promise.all(
    [...objects].map(async ([object, of]) => {
      const ids = [...new Set(of.map((one) => one.id))].slice(0, 500);
      const nameField = of[0]?.nameField ?? "id";
      const filter = `id in [${ids.map((id) => JSON.stringify(id)).join(", ")}]`;
      const page = await list(object, { filter, fields: ["id", nameField], limit: ids.length }, signal);
      names[object] = Object.fromEntries(page.items.map((item) => [item.id, String(item[nameField] ?? item.id)]));
    }),
  );
  return names;
}
