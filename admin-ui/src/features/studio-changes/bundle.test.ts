import { expect, test } from "vitest";
import type { Document } from "~/api/session";
import { lacking, readBundle, writeBundle } from "./bundle";

const doc = (kind: string, name: string, more = {}) => ({ kind, name, ...more }) as unknown as Document;

test("a package goes through its file", () => {
  const head = doc("package", "surveys", { version: "1.0.0" });
  const documents = [doc("object", "survey"), doc("view", "surveys", { object: "survey" })];
  expect(readBundle(writeBundle(head, documents))).toEqual({ name: "surveys", documents: [head, ...documents] });
  for (const text of [
    "",
    "{",
    "[]",
    "3",
    "null",
    '{"documents":{}}',
    '{"documents":[{"kind":"object"}]}',
    '{"documents":[null]}',
  ])
    expect(readBundle(text), text).toBeUndefined();
});

test("what chosen documents speak of is told, if it is the tenant's own", () => {
  const own = [
    doc("object", "survey", {
      fields: { kind: { type: "picklist", picklist: "kinds" }, of: { type: "lookup", object: "account" } },
    }),
    doc("picklist", "kinds"),
    doc("view", "surveys", { object: "survey" }),
    doc("workflow", "survey"),
  ];
  expect(lacking([own[2] as Document], own)).toEqual([own[0]]);
  expect(lacking([own[0] as Document], own)).toEqual([own[1]]);
  expect(lacking([own[0], own[1]] as Document[], own)).toEqual([]);
});
