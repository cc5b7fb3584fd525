import { expect, test } from "vitest";
import { compare } from "./conflict";

const before = { id: "1", version: 3, name: "Old", amount: 10, tags: ["a"], address: { city: "Bonn", street: null } };

test("what only one side changed is free, what both changed alike is settled, the rest collides", () => {
  const mine = { name: "Mine", amount: 20, tags: ["b"], address: { street: "Main", city: "Bonn" } };
  const theirs = { ...before, version: 5, name: "Theirs", tags: ["b"], other: 1 };
  expect(compare(before, mine, theirs)).toEqual({
    free: { amount: 20, address: { street: "Main", city: "Bonn" } },
    collisions: [{ field: "name", before: "Old", mine: "Mine", theirs: "Theirs" }],
  });
});

test("an empty value that somebody filled collides with another", () => {
  expect(compare({ id: "1" }, { name: "a" }, { id: "1", name: "b" }).collisions).toHaveLength(1);
  expect(compare({ id: "1" }, { name: "a" }, { id: "1", name: null }).collisions).toHaveLength(0);
});
