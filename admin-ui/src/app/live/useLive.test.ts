import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { apply } from "./useLive";

const keys = [
  ["t", "lead", "list", {}],
  ["t", "lead", "record", "1"],
  ["t", "lead", "record", "2"],
  ["t", "account", "list", {}],
  ["other", "lead", "list", {}],
  ["session"],
];

function cacheWith(version = 1) {
  const cache = new QueryClient();
  for (const key of keys) cache.setQueryData(key, { version });
  const old = () => keys.filter((key) => cache.getQueryState(key)?.isInvalidated).map((key) => JSON.stringify(key));
  return { cache, old };
}

test("a change makes old what it changed, and nothing else", () => {
  const { cache, old } = cacheWith();
  apply(cache, "t", [{ kind: "record", object: "lead", id: "1", version: 2, did: "changed" }]);
  expect(old()).toEqual(['["t","lead","list",{}]', '["t","lead","record","1"]']);
});

test("what was changed here is not asked for again, and a revision asks for the session alone", () => {
  const { cache, old } = cacheWith(2);
  apply(cache, "t", [{ kind: "record", object: "lead", id: "1", version: 2, did: "changed" }]);
  expect(old()).toEqual([]);
  apply(cache, "t", [{ kind: "revision", revision: 9 }]);
  expect(old()).toEqual(['["session"]']);
  apply(cache, "t", [{ kind: "reset" }]);
  expect(old()).toHaveLength(keys.length);
});

test("what a version does not count, and that a record is gone, is told with the version that is here", () => {
  for (const told of [{ did: "changed", aside: true } as const, { did: "deleted" } as const]) {
    const { cache, old } = cacheWith(2);
    apply(cache, "t", [{ kind: "record", object: "lead", id: "1", version: 2, ...told }]);
    expect(old()).toEqual(['["t","lead","list",{}]', '["t","lead","record","1"]']);
  }
});

test("a burst is one question for each thing that it makes old", () => {
  const { cache } = cacheWith();
  let asked = 0;
  cache.getQueryCache().subscribe(({ type, query }) => {
    if (type === "updated" && query.state.isInvalidated) asked++;
  });
  apply(
    cache,
    "t",
    Array.from({ length: 60 }, (_, i) => ({ kind: "record", object: "lead", id: `${i}`, version: 2, did: "created" })),
  );
  expect(asked).toBe(3); // the list, and the two records that are here
});
