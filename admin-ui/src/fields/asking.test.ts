import { expect, it } from "vitest";
import { holds, parse } from "~/expr";
import type { Field } from "~/meta/model";
import { pagesOf } from "./asking";

const fields = ["name", "size", "team", "why"].map((name) => ({ name }) as Field);
const steps = [
  { label: "You", inputs: [{ name: "name" }, { name: "size", when: "name != nil" }] },
  { label: "Team", when: "size > 10", inputs: [{ name: "team" }, { name: "none" }] },
  { label: "Why", inputs: [{ name: "why", when: "len(name) > 3" }] },
];
const shown = (values: Record<string, unknown>) =>
  pagesOf(steps, fields, values, (condition, of) => holds(parse(condition), of)).map(
    (page) => `${page.label}: ${page.fields.map((one) => one.name)}`,
  );

it("shows what the conditions show, and what only the server knows", () => {
  expect(shown({})).toEqual(["You: name", "Why: why"]);
  expect(shown({ name: "A", size: "20" })).toEqual(["You: name,size", "Team: team", "Why: why"]);
  // What is hidden counts as empty, though it was filled in before.
  expect(shown({ name: null, size: "20" })).toEqual(["You: name", "Why: why"]);
});
