import { useQuery } from "@tanstack/react-query";
import { type Names, namesOf, type Reference } from "~/api/names";
import type { HistoryEntry } from "~/api/past";
import type { Field, Model, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

/** The names of records that references lead to, as far as they may be read. What is known already is not asked for. */
export function useNames(references: Reference[], known?: Names): Names | undefined {
  const { me } = useSession();
  const missing = references.filter((one) => known?.[one.object]?.[one.id] === undefined);
  const wanted = [...new Set(missing.map((one) => `${one.object}/${one.id}`))].sort();
  const found = useQuery({
    queryKey: [me.tenant, "names", wanted],
    queryFn: ({ signal }) => namesOf(missing, signal),
    enabled: wanted.length > 0,
    staleTime: 300_000,
    placeholderData: (before) => before,
  }).data;
  if (!found || !known) return found ?? known;
  const objects = new Set([...Object.keys(known), ...Object.keys(found)]);
  return Object.fromEntries([...objects].map((object) => [object, { ...known[object], ...found[object] }]));
}

/** The references in a value whose names no answer has beside it: of any object, and in child rows. */
export function referencesIn(model: Model, field: Field, value: unknown): Reference[] {
  const to = (object: string | undefined, id: unknown): Reference[] => {
    const target = model.objects.get(object ?? "");
    return target && typeof id === "string" && target.nameField !== "id"
      ? [{ object: target.name, id, nameField: target.nameField }]
      : [];
  };
  if (value === null || value === undefined) return [];
  if (field.shows === "any_lookup") {
    const { object, id } = value as { object: string; id: string };
    return to(object, id);
  }
  if (field.targets.length === 1) return to(field.targets[0], value);
  if (field.rows.length > 0 && Array.isArray(value))
    return value.flatMap((row) => field.rows.flatMap((one) => referencesIn(model, one, row?.[one.name])));
  return [];
}

/** Those of a record that its own answer does not name. */
export const unnamedIn = (
  model: Model,
  object: ObjectModel,
  record: Record<string, unknown> | undefined,
): Reference[] =>
  [...object.fields.values()]
    .filter((field) => field.shows === "any_lookup" || field.rows.length > 0)
    .flatMap((field) => referencesIn(model, field, record?.[field.name]));

/** Those in a history: who made each change, and what it was from and to. */
export function referencesOf(model: Model, object: ObjectModel, entries: HistoryEntry[]): Reference[] {
  const users = model.objects.get("user");
  return entries.flatMap(({ by, changes }) => [
    ...(by && users ? [{ object: users.name, id: by, nameField: users.nameField }] : []),
    ...Object.entries(changes).flatMap(([name, { from, to }]) => {
      const field = object.fields.get(name);
      return field ? [...referencesIn(model, field, from), ...referencesIn(model, field, to)] : [];
    }),
  ]);
}

/** What an answer names, with null for those of the references in it that it could not name: they are not asked for again. */
export function settled(names: Names, references: Reference[]): Names {
  const all: Names = { ...names };
  for (const { object, id } of references) all[object] = { [id]: null, ...all[object] };
  return all;
}
