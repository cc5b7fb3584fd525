import { expect, test } from "vitest";
import { all, equals, within } from "./filters";

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

test("a period is asked for by the reader's days", () => {
  expect(within("due", "date", "2026-03-01", "2026-04-01")).toBe("due >= date(2026, 3, 1) and due < date(2026, 4, 1)");
  expect(within("start", "datetime", "2026-03-01", "2026-03-02")).toBe(
    "date(start) >= date(2026, 3, 1) and date(start) < date(2026, 3, 2)",
  );
});
