import { expect, test } from "vitest";
import type { ObjectModel } from "~/meta/model";
import { draftOf } from "./draft";

const object = {
  name: "thing",
  fields: new Map([
    ["name", { type: "text" }],
    ["key", { type: "secret" }],
  ]),
} as unknown as ObjectModel;

function memory() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

test("a draft is there again, of that person and that record, and without secrets", () => {
  const store = memory();
  draftOf(object, "acme/ada", "new", store).keep({ values: { name: "A", key: "hunter2" }, names: {} });
  expect([...store.kept.values()].join()).not.toContain("hunter2");
  expect(draftOf(object, "acme/ada", "new", store).read()?.values).toEqual({ name: "A" });
  expect(draftOf(object, "acme/bob", "new", store).read()).toBeUndefined();
  draftOf(object, "acme/ada", "new", store).forget();
  expect(store.kept.size).toBe(0);
});

test("what can't be read, and fields that are gone, are no draft", () => {
  const store = memory();
  store.setItem("draft/p/thing/new", "{");
  expect(draftOf(object, "p", "new", store).read()).toBeUndefined();
  store.setItem("draft/p/thing/new", '{"values":{"name":"A","gone":1},"names":{}}');
  expect(draftOf(object, "p", "new", store).read()?.values).toEqual({ name: "A" });
});
