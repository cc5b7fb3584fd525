import { expect, it } from "vitest";
import { onWhite, readable } from "./accent";

it("an accent is kept where it can be read, and darkened where it can't", () => {
  expect(readable("#0f766e")).toBe("#0f766e");
  for (const pale of ["#ffffff", "#ffe000", "#22c55e", "#00ffff", "#ff8800"]) {
    const held = readable(pale) as string;
    expect(held).not.toBe(pale);
    expect(onWhite(held)).toBeGreaterThanOrEqual(4.5);
    expect(onWhite(held)).toBeLessThan(5.6);
  }
  expect(readable("red")).toBeUndefined();
  expect(readable(undefined)).toBeUndefined();
});
