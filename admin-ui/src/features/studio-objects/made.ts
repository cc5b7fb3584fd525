// What comes along with a new object or field, so that it can be used at once.
import type { Key, Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import type { LayoutDoc, ObjectDoc } from "~/meta/documents";
import type { Documents } from "~/studio/drafting";
import { lastOrder, ordersFor } from "~/studio/order";

type Made = Key & Patch;

/** An object of a label with a name field, its list, its page, a place in an app, and the rights of some sets. */
export function objectOf(
  { name, label, plural, app }: { name: string; label: unknown; plural: unknown; app?: Document },
  sets: Document[],
): { made: Made[]; patches: { key: Key; patch: Patch }[] } {
  const list = `all_${name}`;
  const made: Made[] = [
    {
      kind: "object",
      name,
      label,
      label_plural: plural,
      icon: "box",
      name_field: "name",
      visibility: "private",
      fields: { name: { type: "text", label: { en: "Name", zh: "名称" }, required: true, order: 10 } },
    },
    {
      kind: "view",
      name: list,
      label: { en: "All", zh: "全部" },
      object: name,
      show: "table",
      columns: ["name", "owner", "updated_at"],
      sort: ["name"],
    },
    {
      kind: "layout",
      name,
      label,
      object: name,
      tabs: {
        details: {
          label: { en: "Details", zh: "详细信息" },
          order: 10,
          sections: { main: { label, order: 10, columns: 2, fields: { name: { order: 10 }, owner: { order: 1000 } } } },
        },
      },
    },
  ];
  const patches: { key: Key; patch: Patch }[] = [];
  if (app) {
    const items = Object.values((app as { items?: Record<string, { order?: number }> }).items ?? {});
    const order = Math.max(0, ...items.map((one) => one.order ?? 0)) + 10;
    patches.push({
      key: { kind: "app", name: String(app.name) },
      patch: { items: { [name]: { order, object: name, view: list } } },
    });
  }
  for (const set of sets) {
    const objects = (set as { objects?: Record<string, unknown> }).objects ?? {};
    if ("*" in objects || name in objects) continue;
    const rights = { create: true, read: true, update: true, delete: true };
    patches.push({ key: { kind: "permission", name: String(set.name) }, patch: { objects: { [name]: rights } } });
  }
  return { made, patches };
}

/** The apps in their order. */
export function inAppOrder(documents: Iterable<Document>): Document[] {
  const orderOf = (d: Document) => (d as { order?: number }).order ?? Number.POSITIVE_INFINITY;
  return [...documents].filter((d) => d.kind === "app").sort((a, b) => orderOf(a) - orderOf(b));
}

/** The permission sets of some names: those of who makes an object, which may use it then. */
export const setsOf = (documents: Iterable<Document>, names: readonly string[]): Document[] =>
  [...documents].filter((d) => d.kind === "permission" && names.includes(String(d.name)));

/** Puts a field at the end of the first section of each page of its object that has one. */
export function placed(documents: Documents, object: string, field: string): { key: Key; patch: Patch }[] {
  return [...documents.values()]
    .filter((d) => d.kind === "layout" && (d as unknown as LayoutDoc).object === object)
    .flatMap((d) => {
      const layout = d as unknown as LayoutDoc;
      const [tab] = inOrder(layout.tabs);
      const [section] = inOrder(tab?.[1].sections);
      if (!tab || !section) return [];
      const order = lastOrder((section[1] as { fields?: Record<string, { order?: number }> }).fields ?? {});
      const patch = { tabs: { [tab[0]]: { sections: { [section[0]]: { fields: { [field]: { order } } } } } } };
      return [{ key: { kind: "layout", name: layout.name }, patch }];
    });
}

const inOrder = <T extends { order?: number }>(of: Record<string, T> | undefined): [string, T][] =>
  Object.entries(of ?? {}).sort(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0));

/** The orders that put a field before another, as a patch of the fields: only those that have to change. */
export const moved = (object: Pick<ObjectDoc, "fields">, names: string[], field: string, to: number): Patch => ({
  fields: ordersFor(object.fields, names, field, to),
});
