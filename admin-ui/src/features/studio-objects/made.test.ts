import { describe, expect, test } from "vitest";
import type { ObjectDoc } from "~/meta/documents";
import { fieldOf } from "~/studio/fields";
import { patched } from "~/studio/patching";
import { moved, objectOf, placed } from "./made";

const ordersOf = (object: Pick<ObjectDoc, "fields">) =>
  Object.entries(object.fields)
    .sort(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0))
    .map(([name]) => name);

describe("a field is moved wherever it is wanted, and as few others as need be", () => {
  const tight = {
    fields: Object.fromEntries(["a", "b", "c", "d"].map((name, i) => [name, { type: "text", order: i + 1 }])),
  };
  const wide = {
    fields: Object.fromEntries(["a", "b", "c", "d"].map((name, i) => [name, { type: "text", order: i * 10 + 10 }])),
  };
  for (const [says, object] of Object.entries({ tight, wide }))
    for (const field of ["a", "b", "c", "d"])
      for (let to = 0; to < 4; to++)
        test(`${says}: ${field} to ${to}`, () => {
          const names = ordersOf(object);
          const wanted = names.filter((name) => name !== field);
          wanted.splice(to, 0, field);
          const patch = moved(object, names, field, to);
          expect(ordersOf(patched(object, patch) as typeof object)).toEqual(wanted);
          if (object === wide) expect(Object.keys(patch.fields as object).length).toBeLessThanOrEqual(1);
        });
});

test("an object comes with its list, its page, its place and the rights on it", () => {
  const app = { kind: "app", name: "sales", items: { leads: { object: "lead", order: 70 } } };
  const sets = [
    { kind: "permission", name: "admin", objects: { "*": {} } },
    { kind: "permission", name: "sales_user", objects: {} },
  ];
  const { made, patches } = objectOf(
    { name: "project", label: "Project", plural: "Projects", app: app as never },
    sets as never,
  );
  expect(made.map(({ kind }) => kind)).toEqual(["object", "view", "layout"]);
  expect(patches).toEqual([
    {
      key: { kind: "app", name: "sales" },
      patch: { items: { project: { order: 80, object: "project", view: "all_project" } } },
    },
    {
      key: { kind: "permission", name: "sales_user" },
      patch: { objects: { project: { create: true, read: true, update: true, delete: true } } },
    },
  ]);
});

test("a field is put on the pages of its object", () => {
  const layout = (name: string, object: string, tabs: object) =>
    [`layout/${name}`, { kind: "layout", name, object, tabs }] as const;
  const documents = new Map([
    layout("a", "lead", {
      later: { order: 20, sections: {} },
      first: { order: 10, sections: { main: { fields: { name: { order: 10 } } } } },
    }),
    layout("b", "account", { first: { sections: { main: { fields: {} } } } }),
    layout("c", "lead", {}),
  ]) as never;
  expect(placed(documents, "lead", "rooms")).toEqual([
    {
      key: { kind: "layout", name: "a" },
      patch: { tabs: { first: { sections: { main: { fields: { rooms: { order: 20 } } } } } } },
    },
  ]);
  expect(fieldOf("number", "Rooms", 30)).toEqual({ type: "number", label: "Rooms", order: 30 });
});
