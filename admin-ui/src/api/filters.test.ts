import { expect, test } from "vitest";
import { all, equals } from "./filters";

test("conditions hold together, each as it was written", () => {
  expect(all()).toBeUndefined();
  expect(all(undefined, " ", "a")).toBe("a");
  expect(all("a or b", undefined, "c")).toBe("(a or b) and (c)");
});

test("a value ends no text of an expression", () => {
  expect(equals("stage", 'won" or "1"=="1')).toBe('stage == "won\\" or \\"1\\"==\\"1"');
  expect(equals("owner", null)).toBe("owner == nil");
  expect(equals("closed", false)).toBe("closed == false");
});
