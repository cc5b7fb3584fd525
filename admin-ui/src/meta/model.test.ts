import { expect, test } from "vitest";
import type { Document, Me } from "~/api/session";
import { ordered, say } from "./documents";
import { asked, columnOf, columnsIn, modelOf, type ObjectModel } from "./model";

const documents = [
  {
    kind: "object",
    name: "deal",
    label: { en: "Deal", zh: "商机" },
    name_field: "name",
    fields: {
      name: { type: "text", label: "Name" },
      account: { type: "lookup", object: "account" },
      secret: { type: "text" },
      total: { type: "rollup", object: "item", result: "currency" },
    },
  },
  { kind: "object", name: "account", name_field: "name", fields: { name: { type: "text" } } },
  { kind: "object", name: "unseen", fields: {} },
  { kind: "view", name: "late", object: "deal", columns: ["name"], order: 20 },
  { kind: "view", name: "first", object: "deal", columns: ["name"], order: 10 },
] as unknown as Document[];

const rights = {
  system: {},
  objects: {
    deal: {
      create: true,
      read: true,
      update: true,
      delete: false,
      fields: { name: "edit", account: "read", total: "edit", owner: "edit" },
    },
    account: { create: false, read: true, update: false, delete: false, fields: { name: "read" } },
  },
} as unknown as Me["rights"];

const model = modelOf(documents, 3, rights, "zh");
const deal = model.objects.get("deal") as ObjectModel;

test("what the caller may not read does not exist", () => {
  expect([...model.objects.keys()]).toEqual(["deal", "account"]);
  expect([...deal.fields.keys()]).toEqual(["name", "account", "total", "owner"]);
});

test("of what is masked is shown what a mask leaves, and nothing else is done with it", () => {
  const fields = {
    name: { type: "text", mask: "#***" },
    size: { type: "number", mask: "***" },
    plain: { type: "text" },
    boss: { type: "lookup", object: "person" },
  };
  const may = { read: true, fields: { boss: "edit" }, masked: { name: true, size: true, plain: true } };
  const documents = [{ kind: "object", name: "person", name_field: "name", fields }] as unknown as Document[];
  const masked = modelOf(documents, 1, { objects: { person: may } } as unknown as Me["rights"], "en");
  const person = masked.objects.get("person") as ObjectModel;
  expect([...person.fields.values()].map((f) => [f.name, f.masked, f.editable])).toEqual([
    ["name", true, false],
    ["boss", false, true],
  ]);
  expect(columnOf(masked, person, "boss")).toMatchObject({ namePath: "boss.name", groupNamePath: undefined });
});

test("what is computed, or may only be read, is not edited", () => {
  expect([...deal.fields.values()].map((f) => [f.name, f.editable])).toEqual([
    ["name", true],
    ["account", false],
    ["total", false],
    ["owner", true],
  ]);
});

test("a roll-up shows its result and leads nowhere", () => {
  expect(deal.fields.get("total")).toMatchObject({ shows: "currency", targets: [] });
});

test("a reference is asked for with the name of its record", () => {
  const column = columnOf(model, deal, "account");
  expect(column?.namePath).toBe("account.name");
  expect(asked(column ? [column] : [])).toEqual(["id", "version", "account", "account.name"]);
  expect(columnOf(model, deal, "account.name")?.label).toBe("account · name");
  expect(columnOf(model, deal, "account.secret")).toBeUndefined();
  expect(columnOf(model, deal, "secret")).toBeUndefined();
});

test("the parts of an address are columns, also behind a lookup", () => {
  const documents = [
    { kind: "object", name: "site", label: "Site", fields: { at: { type: "address", label: "At", order: 1 } } },
    {
      kind: "object",
      name: "visit",
      label: "Visit",
      fields: { site: { type: "lookup", object: "site", label: "Site" } },
    },
  ] as never[];
  const may = (fields: object) => ({ create: true, read: true, update: true, delete: true, fields });
  const rights = { objects: { site: may({ at: "edit" }), visit: may({ site: "edit" }) } } as never;
  const sites = modelOf(documents, 1, rights, "zh");
  const [site, visit] = ["site", "visit"].map((name) => sites.objects.get(name) as ObjectModel) as [
    ObjectModel,
    ObjectModel,
  ];
  expect(columnsIn(sites, site).map((c) => c.path)).toEqual([
    "at",
    "at.street",
    "at.city",
    "at.state",
    "at.postal_code",
    "at.country",
  ]);
  expect(columnOf(sites, site, "at.city")).toMatchObject({
    label: "At · 城市",
    field: { shows: "text", editable: false },
  });
  expect(columnOf(sites, site, "at.city")?.through).toBeUndefined();
  expect(columnOf(sites, visit, "site.at.city")).toMatchObject({ label: "Site · At · 城市", through: true });
  expect(columnOf(sites, site, "at.planet")).toBeUndefined();
  expect(columnOf(sites, site, "at.city.first")).toBeUndefined();
});

test("labels and orders are those of people", () => {
  expect(deal.label).toBe("商机");
  expect(say({ en: "A" }, "fr", "b")).toBe("A");
  expect(say(undefined, "en", "b")).toBe("b");
  expect(deal.views.map((v) => v.name)).toEqual(["first", "late"]);
  expect(ordered({ b: {}, a: {}, z: { order: 1 } }).map((one) => one.name)).toEqual(["z", "a", "b"]);
});
