import { expect, test } from "vitest";
import type { Document, Me } from "~/api/session";
import { type Column, columnOf, modelOf, type ObjectModel } from "~/meta/model";
import { formatsOf } from "./formats";
import { pointsOf } from "./groups";

const model = modelOf(
  [
    {
      kind: "object",
      name: "deal",
      label_plural: "Deals",
      fields: {
        stage: {
          type: "picklist",
          options: { won: { label: "Won", color: "green", order: 2 }, open: { label: "Open", order: 1 } },
        },
        due: { type: "date", label: "Due" },
        amount: { type: "currency", label: "Amount", scale: 2 },
      },
    },
  ] as unknown as Document[],
  1,
  {
    system: {},
    objects: {
      deal: {
        create: true,
        read: true,
        update: true,
        delete: true,
        fields: { stage: "edit", due: "edit", amount: "edit" },
      },
    },
  } as unknown as Me["rights"],
  "en",
);
const object = model.objects.get("deal") as ObjectModel;
const drawn = {
  model,
  object,
  filter: "amount > 0",
  measures: [{ op: "sum" as const, field: "amount" }, { op: "count" as const }],
  formats: formatsOf("en", "UTC", (key) => key),
  nothing: "none",
};

test("options come in their order with their colour, and lead to the list of their records", () => {
  const points = pointsOf(
    [
      { value: "won", sum_amount: 1250, count: 2 },
      { value: null, sum_amount: null, count: 1 },
      { value: "open", sum_amount: 10, count: 1 },
    ],
    { ...drawn, column: columnOf(model, object, "stage") as Column },
  );
  expect(points.map((p) => [p.label, p.value, p.text, p.colour])).toEqual([
    ["Open", 10, "10.00", undefined],
    ["Won", 1250, "1,250.00", "green"],
    ["none", 0, "–", undefined],
  ]);
  expect(points[1]?.others).toEqual(["Deals: 2"]);
  expect(new URLSearchParams(points[1]?.to.split("?")[1]).get("filter")).toBe('(amount > 0) and (stage == "won")');
});

test("months without records are there, each with its own days", () => {
  const points = pointsOf(
    [
      { value: "2026-01", sum_amount: 5, count: 1 },
      { value: "2025-11", sum_amount: 7, count: 1 },
      { value: null, sum_amount: 9, count: 1 },
    ],
    { ...drawn, by: "month", column: columnOf(model, object, "due") as Column },
  );
  expect(points.map((p) => [p.label, p.value])).toEqual([
    ["Nov 2025", 7],
    ["Dec 2025", 0],
    ["Jan 2026", 5],
  ]);
  expect(new URLSearchParams(points[0]?.to.split("?")[1]).get("filter")).toBe(
    "(amount > 0) and (due >= date(2025, 11, 1) and due < date(2025, 12, 1))",
  );
});
