// What permission sets give, as the matrix shows it, and how a click says otherwise.
import type { Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import type { Documents } from "~/studio/drafting";

/** Rights on an object, as the matrix has columns for them. */
export const rights = ["read", "create", "update", "delete", "read_all", "write_all"] as const;
export type Right = (typeof rights)[number];
export type FieldRight = "edit" | "read" | "masked" | "none";

export type Entry = { [right in Right]?: boolean } & { fields?: Record<string, FieldRight> };
export interface SetDoc {
  name: string;
  includes?: string[];
  objects?: Record<string, Entry>;
  system?: string[];
}

export const setOf = (document: Document): SetDoc => document as unknown as SetDoc;

/** What a set says of an object itself: by its name, or of all that it does not name. */
export const entryOf = (set: SetDoc, object: string): Entry | undefined => set.objects?.[object] ?? set.objects?.["*"];

/** The sets that a set includes, with those that these include; each once, whatever goes in circles. */
export function includedBy(documents: Documents, set: SetDoc): SetDoc[] {
  const found = new Map<string, SetDoc>();
  const add = (names: string[] | undefined) => {
    for (const name of names ?? []) {
      const document = documents.get(`permission/${name}`);
      if (!document || found.has(name) || name === set.name) continue;
      found.set(name, setOf(document));
      add(setOf(document).includes);
    }
  };
  add(set.includes);
  return [...found.values()];
}

export interface Cell {
  /** The set gives it, itself or by what it includes. */
  on: boolean;
  /** It says so of this very object. */
  own: boolean;
  /** Where else it comes from: the name of a set that it includes, or `*`. */
  from?: string;
}

/** What a set gives on an object. */
export function cellOf(set: SetDoc, included: SetDoc[], object: string, right: Right): Cell {
  const own = !!set.objects?.[object]?.[right];
  if (own) return { on: true, own };
  if (!set.objects?.[object] && set.objects?.["*"]?.[right]) return { on: true, own, from: "*" };
  const from = included.find((one) => entryOf(one, object)?.[right])?.name;
  return { on: !!from, own, from };
}

const ranks: FieldRight[] = ["none", "masked", "read", "edit"];

/** What an entry gives of a field: all, where it says nothing of fields. */
export function fieldRight(entry: Entry | undefined, field: string): FieldRight {
  if (!entry?.read && !entry?.create) return "none";
  return entry.fields ? (entry.fields[field] ?? entry.fields["*"] ?? "none") : "edit";
}

/** What a set gives of a field with those that it includes: the highest holds. */
export function fieldCell(set: SetDoc, included: SetDoc[], object: string, field: string) {
  const own = fieldRight(entryOf(set, object), field);
  let right = own;
  let from: string | undefined;
  for (const one of included) {
    const more = fieldRight(entryOf(one, object), field);
    if (ranks.indexOf(more) > ranks.indexOf(right)) [right, from] = [more, one.name];
  }
  return { right, own, from };
}

/** Without reading there is nothing of these. */
const needsRead: Right[] = ["update", "delete", "read_all", "write_all"];

/** The patch of a set by which it gives a right on an object, or no more. */
export function givesRight(set: SetDoc, object: string, right: Right, on: boolean): Patch {
  const named = set.objects?.[object];
  // What is named is not held to what is said of all others, so that it begins with that.
  const before: Entry = named ?? set.objects?.["*"] ?? {};
  const change: { [right in Right]?: boolean | null } = { [right]: on || null };
  if (on && needsRead.includes(right) && !before.read) change.read = true;
  if (!on && right === "read") for (const one of needsRead) if (before[one]) change[one] = null;
  if (!named && set.objects?.["*"]) {
    const entry = { ...before, ...change };
    return { objects: { [object]: Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)) } };
  }
  const left = Object.keys({ ...before, ...change }).filter((one) => change[one as Right] !== null);
  const nothing = left.length === 0 && !set.objects?.["*"];
  return { objects: { [object]: nothing ? null : change } };
}

/**
 * The patch of a set by which it gives a right on a field, and on no other. What it said of no field it said of all; where
 * it gave nothing of the object it gives that field alone.
 */
export function givesField(set: SetDoc, object: string, field: string, right: FieldRight): Patch {
  const named = set.objects?.[object];
  const before: Entry = named ?? set.objects?.["*"] ?? {};
  if (fieldRight(before, field) === right) return {};
  const shown = !!before.read || !!before.create;
  const said: Record<string, FieldRight> = shown ? (before.fields ?? { "*": "edit" }) : { "*": "none" };
  const then: Record<string, FieldRight> = { ...said, [field]: right };
  if (right === (said["*"] ?? "none") && field !== "*") delete then[field]; // as those that are not named
  const reads = shown ? {} : { read: true };
  if (!named && set.objects?.["*"]) return { objects: { [object]: { ...before, ...reads, fields: then } } };
  const gone = Object.keys(before.fields ?? {}).filter((one) => !(one in then));
  const change: Record<string, FieldRight | null> = Object.fromEntries(
    Object.entries(then).filter(([one, value]) => before.fields?.[one] !== value),
  );
  for (const one of gone) change[one] = null;
  return { objects: { [object]: { ...reads, fields: change } } };
}
