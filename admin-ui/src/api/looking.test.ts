import { expect, test } from "vitest";
import { begun, headersOf, lookAt } from "./looking";

const storage = () => {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
};

test("a tab goes on looking at what its first address says", () => {
  const tab = storage();
  const address = lookAt({ draft: "0abc", as: ["sales_user", "export"] }, "/o/lead");
  expect(address.split("?")[0]).toBe("/o/lead");
  const first = begun(`?${address.split("?")[1]}`, tab);
  expect(first).toEqual({ draft: "0abc", as: ["sales_user", "export"] });
  expect(begun("?view=all", tab)).toEqual(first);
  expect(headersOf(first)).toEqual({ "X-Draft": "0abc", "X-As": "sales_user,export" });
});

test("as sets alone, as oneself alone, and not at all", () => {
  const as = begun(`?${lookAt({ draft: "", as: ["sales_user"] }).split("?")[1]}`, storage());
  expect(headersOf(as)).toEqual({ "X-As": "sales_user" });
  expect(headersOf(begun("?look=0abc", storage()))).toEqual({ "X-Draft": "0abc" });
  expect(begun("?view=all", storage())).toBeUndefined();
  expect(headersOf(undefined)).toEqual({});
});

test("what is kept and no such thing is nothing", () => {
  const tab = storage();
  for (const text of ["null", "{", '{"draft":"a"}', "[]"]) {
    tab.setItem("looking", text);
    expect(begun("", tab)).toBeUndefined();
  }
});
