import { describe, expect, test } from "vitest";
import { difference, nameOf, patchAt, patched, same, stepsOf, valueAt, withAt } from "./patching";

const values: unknown[] = [
  {},
  { a: 1 },
  { a: { b: [1, 2], c: "x" } },
  { a: { b: [1, 2, 3] }, d: false },
  { a: "x", d: { e: {} } },
];

describe("a difference laid on what was before is what is after", () => {
  for (const before of values)
    for (const after of values)
      test(`${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => {
        const patch = difference(before, after);
        expect(patch === undefined).toBe(same(before, after));
        expect(patch === undefined ? before : patched(before, patch)).toEqual(after);
      });
});

test("a place gets a value, and loses it", () => {
  const document = { fields: { name: { type: "text", label: "Name" } } };
  expect(patchAt(["fields", "name", "label"], { en: "Name" })).toEqual({ fields: { name: { label: { en: "Name" } } } });
  expect(patched(document, patchAt(["fields", "name", "label"], undefined))).toEqual({
    fields: { name: { type: "text" } },
  });
  expect(valueAt(document, ["fields", "name", "type"])).toBe("text");
  expect(valueAt(document, ["fields", "other", "type"])).toBeUndefined();
  expect(stepsOf("/fields/a~1b/x~0y")).toEqual(["fields", "a/b", "x~y"]);
});

test("names are made of labels", () => {
  const taken = new Set(["amount", "field_2"]);
  const named = (label: string) => nameOf(label, (name) => taken.has(name), "field");
  expect(named("Net Amount (€)")).toBe("net_amount");
  expect(named("Amount")).toBe("amount_2");
  expect(named("金额")).toBe("field_1");
  expect(named("3rd party")).toBe("rd_party");
  expect(named("Größe")).toBe("gro_e");
});

test("something else at a place in a list leaves the rest as it is", () => {
  const cases = [{ when: "a", next: "x" }, { when: "b" }];
  expect(withAt(cases, ["1", "next"], "y")).toEqual([
    { when: "a", next: "x" },
    { when: "b", next: "y" },
  ]);
  expect(withAt(cases, ["0", "next"], undefined)).toEqual([{ when: "a" }, { when: "b" }]);
  expect(withAt(cases, ["0"], undefined)).toEqual([{ when: "b" }]);
  expect(withAt({ a: 1, cases }, ["cases", "0", "when"], "c")).toEqual({
    a: 1,
    cases: [{ when: "c", next: "x" }, { when: "b" }],
  });
  expect(cases).toEqual([{ when: "a", next: "x" }, { when: "b" }]);
});
