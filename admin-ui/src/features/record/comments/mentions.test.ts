import { expect, test } from "vitest";
import { begun, partsOf, stored, written } from "./mentions";

const ann = { id: "0000000000001", name: "Ann" };
const anna = { id: "0000000000002", name: "Anna Bell" };

test("people that were chosen are mentioned by their id, and what was stored is read as it was written", () => {
  const text = "@Anna Bell and @Ann, not @Annabel or a@b.example";
  const kept = stored(text, [ann, anna]);
  expect(kept).toBe(
    "@[Anna Bell](user:0000000000002) and @[Ann](user:0000000000001), not @[Ann](user:0000000000001)abel or a@b.example",
  );
  expect(written(kept)).toEqual({ text, people: [anna, ann, ann] });
  expect(stored("nobody @here", [])).toBe("nobody @here");
});

test("a text is its parts, and markup in it is words", () => {
  expect(partsOf("<b>@[<i>](user:1)</b>")).toEqual(["<b>", { id: "1", name: "<i>" }, "</b>"]);
  expect(partsOf("@[x](account:1)")).toEqual(["@[x](account:1)"]);
});

test("a name is being written from an @ at the beginning of a word", () => {
  expect(begun("hello @an")).toBe("an");
  expect(begun("@")).toBe("");
  expect(begun("a@b")).toBeUndefined();
  expect(begun("@ ")).toBeUndefined();
});
