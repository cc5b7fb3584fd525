import { expect, test } from "vitest";
import { merged } from "~/api/mine";
import { patchTo } from "./settings";

test.each([
  [{}, { a: 1 }],
  [{ a: { b: 1, c: [1] } }, { a: { c: [2, 3] } }],
  [{ a: { b: 1 }, d: "x" }, {}],
])("the patch of %j makes %j", (before, after) => expect(merged(before, patchTo(before, after))).toEqual(after));

test("what is undefined is not there", () => {
  expect(patchTo({ a: 1 }, { a: undefined })).toEqual({ a: null });
});
