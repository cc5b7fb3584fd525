// The names of records that references lead to: object → id → name, of those that the caller may read.
import { list } from "./records";

export type Names = Record<string, Record<string, string>>;

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
