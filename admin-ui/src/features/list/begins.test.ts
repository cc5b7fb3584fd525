import { expect, test } from "vitest";
import { type Begins, farthest, learned, nowhere, pageSize, readable } from "./begins";

const known = (...pages: [number, string | number | null][]): Begins => new Map(pages);
const seen = (begins: Begins) => [...begins].sort(([a], [b]) => a - b);

test("near pages follow each other by their cursors", () => {
  expect(readable(nowhere, 0, 2, 2)).toEqual([{ page: 0, at: 0 }]);
  const one = learned(nowhere, 0, 0, "a");
  expect(readable(one, 0, 2, 2)).toEqual([
    { page: 0, at: 0 },
    { page: 1, at: "a" },
  ]);
  expect(learned(one, 0, 0, "a")).toBe(one);
  const two = learned(one, 1, "a", null);
  expect(readable(two, 0, 5, 2)).toHaveLength(2);
  expect(readable(two, 2, 5, 2)).toHaveLength(2); // and none behind the last
  expect(farthest(two)).toEqual({ page: 1, last: true });
  // A page that is known but not read yet is read before the one behind it.
  expect(readable(one, 2, 4, 1)).toEqual([{ page: 1, at: "a" }]);
});

test("a page far from all that is known begins behind a number of rows, and others follow it", () => {
  const one = learned(nowhere, 0, 0, "a");
  expect(readable(one, 500, 503, 2)).toEqual([{ page: 500, at: 500 * pageSize }]);
  const far = learned(one, 500, 500 * pageSize, "x");
  expect(readable(far, 500, 503, 2).map(({ page }) => page)).toEqual([500, 501]);
  expect(farthest(far)).toEqual({ page: 501, last: false });
  // What is in sight comes first; pages before it are read as far as it is known where they begin.
  expect(readable(far, 501, 501, 2).map(({ page }) => page)).toEqual([500, 501]);
  // Reached from before, it stays where it began.
  const before = learned(far, 499, 499 * pageSize, "w");
  expect(before.get(500)).toBe(500 * pageSize);
  expect(before.get(501)).toBe("x");
});

test("where a page ends otherwise than before, what followed by cursors is not known any more", () => {
  const begins = known([1, "a"], [2, "b"], [3, "c"], [9, 900], [10, "y"]);
  expect(seen(learned(begins, 1, "a", "B"))).toEqual([
    [1, "a"],
    [2, "B"],
    [9, 900],
    [10, "y"],
  ]);
  expect(seen(learned(begins, 1, "a", null))).toEqual([
    [1, "a"],
    [2, null],
  ]);
  // Behind the end there was nothing to be read.
  expect(seen(learned(known([9, 900], [10, null]), 8, 800, null))).toEqual([
    [8, 800],
    [9, null],
  ]);
});
