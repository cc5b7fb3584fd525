// What is done with the things on a page, each as a merge patch that says no more. A thing is told by the steps to it
// in the document; all of a collection (tabs, sections, fields, lists, items, widgets) are members of a map in an order.
import type { Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import { ordered } from "~/meta/documents";
import { ordersFor } from "~/studio/order";
import { type Json, patchAt, same, valueAt } from "~/studio/patching";

/** The steps to a thing, such as tabs, details, sections, main, fields, amount. */
export type Path = readonly string[];

type Members = Record<string, { order?: number }>;

const lists = new Set(["highlights", "columns"]); // collections that are lists of names
const isList = (collection: Path) => lists.has(collection.at(-1) as string);
/** Collections in which something has to be. */
const needed = new Set(["tabs", "sections", "columns", "items", "widgets"]);

export const nameOfThing = (path: Path) => path.at(-1) as string;
export const around = (path: Path): string[] => path.slice(0, -1);
/** What a thing is: the last collection that the way to it goes through. */
export const kindOfThing = (path: Path) => path.at(-2) as string;
export const keyOfThing = (path: Path) => path.join("/");
const isIn = (path: Path, outer: Path) => outer.every((step, i) => path[i] === step);

/** The names in a collection as they are shown. */
export function namesIn(document: Document, collection: Path): string[] {
  const of = valueAt(document, [...collection]);
  return Array.isArray(of) ? (of as string[]) : ordered(of as Members | undefined).map((one) => one.name);
}

/** The names with one of them before another, or last. */
const put = (names: string[], name: string, before: string | undefined): string[] => {
  const others = names.filter((one) => one !== name);
  const at = before === undefined ? -1 : others.indexOf(before);
  others.splice(at < 0 ? others.length : at, 0, name);
  return others;
};

/** Puts something into a collection, before another or last; undefined where that changes nothing. */
export function added(document: Document, path: Path, value: Json, before?: string): Patch | undefined {
  const collection = around(path);
  const name = nameOfThing(path);
  const names = namesIn(document, collection);
  if (names.includes(name)) return undefined;
  if (isList(collection)) return patchAt(collection, put(names, name, before));
  const of = valueAt(document, collection) as Members | undefined;
  const orders = ordersFor(of ?? {}, names, name, put(names, name, before).indexOf(name)) as Members;
  return patchAt(collection, { ...orders, [name]: { ...(value as object), ...orders[name] } });
}

/** Takes something away. Lists that are in a tab which goes are below all of them then. */
export function removed(document: Document, path: Path): Patch | undefined {
  const collection = around(path);
  if (isLast(document, path)) return undefined;
  if (isList(collection)) {
    const left = namesIn(document, collection).filter((one) => one !== nameOfThing(path));
    return patchAt(collection, left.length > 0 ? left : undefined);
  }
  const patch = patchAt([...path], undefined);
  if (kindOfThing(path) !== "tabs") return patch;
  const related = Object.entries((document.related as Record<string, { tab?: string }> | undefined) ?? {});
  const stranded = related.filter(([, one]) => one.tab === nameOfThing(path)).map(([name]) => [name, { tab: null }]);
  return stranded.length > 0 ? { ...patch, related: Object.fromEntries(stranded) } : patch;
}

/** A page has a tab, a tab a section, a list a column: the last one stays. */
export const isLast = (document: Document, path: Path): boolean =>
  needed.has(kindOfThing(path)) && namesIn(document, around(path)).length === 1;

/** Whether a thing is there. */
export const isThere = (document: Document, path: Path): boolean =>
  isList(around(path))
    ? namesIn(document, around(path)).includes(nameOfThing(path))
    : valueAt(document, [...path]) !== undefined;

/** Moves something before another of a collection, its own or one of the same sort; undefined where it is there, or can't be. */
export function moved(document: Document, path: Path, collection: Path, before?: string): Patch | undefined {
  const name = nameOfThing(path);
  const from = around(path);
  if (before === name) return undefined;
  if (!same(from, collection)) {
    if (isIn(collection, path) || isLast(document, path)) return undefined;
    const { order: _, ...value } = valueAt(document, [...path]) as { order?: number };
    const there = added(document, [...collection, name], value, before);
    return there && merged(there, patchAt([...path], undefined));
  }
  const names = namesIn(document, collection);
  const next = put(names, name, before);
  if (same(names, next)) return undefined;
  if (isList(collection)) return patchAt([...collection], next);
  const orders = ordersFor(valueAt(document, from) as Members, names, name, next.indexOf(name));
  return patchAt(from, orders);
}

/** The name before which something comes when it goes some steps back (-1) or on (1) among those that are shown. */
export function beside(names: string[], name: string, by: -1 | 1): { before?: string } | undefined {
  const at = names.indexOf(name);
  if (at + by < 0 || at + by >= names.length) return undefined;
  return { before: by < 0 ? names[at - 1] : names[at + 2] };
}

/** Two patches of different places as one. */
function merged(a: Json, b: Json): Patch {
  const out: Patch = { ...(a as Patch) };
  for (const [name, value] of Object.entries(b as Patch))
    out[name] = name in out && value !== null && out[name] !== null ? merged(out[name], value) : value;
  return out;
}

/** All fields that a page shows in its sections. */
export function fieldsOn(document: Document): Set<string> {
  const tabs = (document.tabs ?? {}) as Record<string, { sections?: Record<string, { fields?: object }> }>;
  return new Set(
    Object.values(tabs).flatMap((tab) =>
      Object.values(tab.sections ?? {}).flatMap((section) => Object.keys(section.fields ?? {})),
    ),
  );
}
