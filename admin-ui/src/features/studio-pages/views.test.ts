import { expect, test } from "vitest";
import { sortedBy } from "./views";

test("the column that was chosen last sorts first, and the others stay", () => {
  expect(sortedBy(undefined, "name", "up")).toEqual(["name"]);
  expect(sortedBy(["-amount", "name"], "name", "down")).toEqual(["-name", "-amount"]);
  expect(sortedBy(["-amount", "name"], "amount", "none")).toEqual(["name"]);
  expect(sortedBy(["name"], "name", "none")).toBeUndefined();
});
