import { expect, test } from "vitest";
import { enteredField } from "~/meta/model";
import { steps } from "./rating";

const field = (doc: object) => enteredField({ picklists: new Map(), language: "en" }, "f", doc as never);
const picklist = (...labels: string[]) =>
  field({ type: "picklist", options: Object.fromEntries(labels.map((label, n) => [`o${n}`, { label, order: n }])) });

test("few short options and few whole numbers stand side by side", () => {
  expect(steps(picklist("1 – Poor", "2 – Good"), "en")).toEqual([
    { value: "o0", mark: "1", says: "Poor" },
    { value: "o1", mark: "2", says: "Good" },
  ]);
  expect(steps(field({ type: "number", min: 1, max: 3 }), "en")?.map((one) => one.value)).toEqual([1, 2, 3]);
});

test("all else is entered as elsewhere", () => {
  expect(steps(picklist("Morning", "Afternoon"), "en")).toBeUndefined();
  expect(steps(picklist("1", "2", "3", "4", "5", "6"), "en")).toBeUndefined();
  expect(steps(field({ type: "number", min: 0, max: 100 }), "en")).toBeUndefined();
  expect(steps(field({ type: "number", scale: 1, min: 1, max: 3 }), "en")).toBeUndefined();
  expect(steps(field({ type: "number" }), "en")).toBeUndefined();
  expect(steps(field({ type: "text" }), "en")).toBeUndefined();
});
