import { expect, test } from "vitest";
import { best, rank, read } from "./entries";

test("the first sign narrows what is looked for", () => {
  expect(read("acme")).toEqual({ mode: "all", words: "acme" });
  expect(read("> new lead")).toEqual({ mode: "commands", words: "new lead" });
  expect(read("#op")).toEqual({ mode: "objects", words: "op" });
  expect(read(" @sa")).toEqual({ mode: "people", words: "sa" });
});

test("every word has to be there, and beginnings are worth more", () => {
  expect(rank("new opp", "New Opportunity")).toBeGreaterThan(0);
  expect(rank("new opp", "New Account")).toBe(0);
  expect(rank("商机", "新建商机")).toBeGreaterThan(0);
  expect(rank("dark", "Theme", "dark light")).toBeGreaterThan(0);
  const entries = ["Price book", "Books", "Notebook"].map((label) => ({ key: label, label }));
  expect(best(entries, "book", 9).map((e) => e.label)).toEqual(["Books", "Price book", "Notebook"]);
  expect(best(entries, "", 2)).toHaveLength(2);
});
