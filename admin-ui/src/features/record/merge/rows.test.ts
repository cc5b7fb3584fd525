import { expect, test } from "vitest";
import type { ObjectModel } from "~/meta/model";
import { differing, fill } from "./rows";

test("what differs is chosen from, and an empty value of the record that stays is filled", () => {
  const field = (name: string, type = "text", editable = true) => [name, { name, type, editable }] as const;
  const object = {
    fields: new Map([field("a"), field("b"), field("c"), field("sum", "number", false), field("key", "secret")]),
  } as unknown as ObjectModel;
  const records = [
    { id: "1", a: "x", b: null, c: "same", sum: 1, key: true },
    { id: "2", a: "y", b: "here", c: "same", sum: 2, key: null },
  ];
  const rows = differing(object, records);
  expect(rows).toEqual(["a", "b"]);
  expect(fill(rows, records)).toEqual({ a: "1", b: "2" });
});
