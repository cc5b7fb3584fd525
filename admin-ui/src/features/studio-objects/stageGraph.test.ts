import { expect, test } from "vitest";
import { patched } from "~/studio/patching";
import { drawn, follows, type StageDoc } from "./stageGraph";

const stages: Record<string, StageDoc> = {
  a: { order: 1 },
  b: { order: 2, to: { c: { when: "amount > 0" }, a: {} } },
  c: { order: 3, outcome: "won", to: { b: {} } },
};

test("boxes stand in order, and each move is a line", () => {
  const { boxes, lines } = drawn(stages);
  expect(boxes.map(({ name, open }) => [name, open])).toEqual([
    ["a", true],
    ["b", false],
    ["c", false],
  ]);
  expect(lines.map(({ from, to, guarded }) => [from, to, guarded])).toEqual([
    ["b", "c", true],
    ["b", "a", false],
    ["c", "b", false],
  ]);
});

test("what may follow is changed for one stage alone", () => {
  const after = (from: string, to: string, may: boolean) => patched(stages[from]?.to, follows(stages, from, to, may));
  expect(after("b", "a", false)).toEqual({ c: { when: "amount > 0" } });
  expect(after("b", "c", true)).toEqual({ c: { when: "amount > 0" }, a: {} }); // its guard stays
  expect(after("a", "b", false)).toEqual({ c: {} }); // all may follow but this one
  expect(after("c", "a", true)).toEqual({ a: {}, b: {} });
});
