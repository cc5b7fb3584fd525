import { expect, test } from "vitest";
import { inPlace } from "./answered";

const of = (ids: string) => [...ids].map((id) => ({ id }));
const after = (now: string, before: string, stay: string) =>
  inPlace(of(now), of(before), ({ id }) => stay.includes(id))
    .map(({ id }) => id)
    .join("");

test("what stays keeps its place, whatever comes before it or goes", () => {
  expect(after("bc", "abc", "a")).toBe("abc");
  expect(after("ac", "abc", "b")).toBe("abc");
  expect(after("ab", "abc", "c")).toBe("abc");
  expect(after("nbc", "abc", "a")).toBe("nabc"); // what is new stands first, as it does without
  expect(after("d", "abcd", "ab")).toBe("abd");
  expect(after("", "abc", "abc")).toBe("abc");
  expect(after("abc", "abc", "b")).toBe("abc"); // it is there anyway
  expect(after("c", "abc", "")).toBe("c");
});
