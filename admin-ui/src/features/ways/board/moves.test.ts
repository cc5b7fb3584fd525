import { expect, test } from "vitest";
import type { BoardColumn } from "~/api/board";
import type { Stored } from "~/api/client";
import type { Field, ObjectModel } from "~/meta/model";
import { mayEnter, valuesOf, withMoves } from "./moves";

const row = (id: string, amount: number) => ({ id, amount }) as unknown as Stored;
const columns: BoardColumn[] = [
  {
    value: "open",
    count: 3,
    sums: { sum_amount: 30, max_amount: 20 },
    items: [row("a", 10), row("b", 20)],
    next: "c",
    filter: "",
  },
  { value: "won", count: 1, sums: { sum_amount: 5, max_amount: 5 }, items: [row("w", 5)], filter: "" },
];

test("a moved card is counted and added up where it went, once", () => {
  const [open, won] = withMoves(
    columns,
    [{ row: row("b", 20), from: "open", to: "won" }],
    ["amount", { op: "max", field: "amount" }],
  );
  expect(open).toMatchObject({ count: 2, sums: { sum_amount: 10, max_amount: 20 }, next: "c" });
  expect(open?.items.map((r) => r.id)).toEqual(["a"]);
  expect(won).toMatchObject({ count: 2, sums: { sum_amount: 25 } });
  expect(won?.items.map((r) => r.id)).toEqual(["b", "w"]);
  expect(columns[0]?.items.length).toBe(2);
});

const stage = { name: "stage", options: [{ name: "open" }, { name: "old", active: false }], required: true } as Field;
const object = {
  doc: { stages: { field: "stage", stages: { won: { order: 2, to: { open: {} } }, open: { order: 1 } } } },
} as unknown as ObjectModel;

test("what the stages, the options and a required field say decides where a card may go", () => {
  expect(mayEnter(object, stage, "open", "won")).toBe(true);
  expect(mayEnter(object, stage, "won", "open")).toBe(true);
  expect(mayEnter(object, stage, "won", "lost")).toBe(false);
  expect(mayEnter(object, stage, "open", "old")).toBe(false);
  expect(mayEnter(object, stage, "open", null)).toBe(false);
  expect(mayEnter(object, { ...stage, name: "kind", required: false }, "won", null)).toBe(true);
});

test("columns come in the order of stages and options, and of a reference from the records", () => {
  expect(valuesOf(object, stage)).toEqual(["open", "won"]);
  const kind = { ...stage, name: "kind", shows: "picklist" } as Field;
  expect(valuesOf(object, kind)).toEqual(["open"]);
  expect(valuesOf(object, { ...kind, shows: "lookup", options: [] })).toBeUndefined();
});
