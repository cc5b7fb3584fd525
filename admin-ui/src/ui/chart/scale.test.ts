import { expect, test } from "vitest";
import { scaleOf, slicesOf } from "./scale";

test("an axis has round numbers, zero among them, and room for every value", () => {
  for (const values of [[3], [0], [], [98, 12], [-40, 260], [0.004, 0.011], [1_234_567, 20], [-5, -1]]) {
    const { top, bottom, ticks } = scaleOf(values);
    expect(ticks).toContain(0);
    expect(ticks.length).toBeLessThanOrEqual(8);
    expect(top).toBeGreaterThan(bottom);
    for (const v of values) expect(v >= bottom && v <= top).toBe(true);
  }
  expect(scaleOf([98, 12]).ticks).toEqual([0, 25, 50, 75, 100]);
});

test("slices fill a circle, and what is below zero has none", () => {
  expect(slicesOf([1, 3, -2])).toEqual([
    { from: 0, to: 0.25 },
    { from: 0.25, to: 1 },
    { from: 1, to: 1 },
  ]);
  expect(slicesOf([0])).toEqual([{ from: 0, to: 0 }]);
});
