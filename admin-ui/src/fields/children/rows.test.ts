import { expect, test } from "vitest";
import type { Field } from "~/meta/model";
import { blockOf, pasted, sumOf } from "./rows";

const field = (name: string, editable = true, type = "text", shows = type) =>
  ({ name, editable, type, shows, doc: { type, scale: 2 } }) as Field;

test("computed columns are added up without the errors of binary fractions", () => {
  const total = field("total", false, "formula", "currency");
  expect(sumOf([{ total: 0.1 }, { total: 0.2 }, { total: null }], total)).toBe(0.3);
  expect(sumOf([{ price: 1 }], field("price", true, "currency"))).toBeUndefined();
});

test("a block that is pasted fills cells, makes rows, and leaves what it can't", () => {
  expect(blockOf("one cell")).toBeUndefined();
  const block = blockOf("a\t1\tx\r\nb\tmany\ty\r\n") as string[][];
  const fields = [field("name"), field("count", true, "number"), field("total", false)];
  const read = (of: Field, text: string) => (of.type === "number" ? Number(text) || undefined : text);
  expect(pasted([{ name: "z", count: 9 }], fields, { row: 0, column: 0 }, block, 10, read)).toEqual([
    { name: "a", count: 1 },
    { name: "b" },
  ]);
  expect(pasted([], fields, { row: 0, column: 0 }, block, 1, read)).toHaveLength(1);
});
