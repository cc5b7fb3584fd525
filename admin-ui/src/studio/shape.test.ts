// The schemas and documents of the program are read by a program that was built: see e2e. Here are small ones.
import { describe, expect, test } from "vitest";
import { holds, type Schema, shapeOf } from "./shape";

const root: Schema = {
  $defs: {
    text: { type: ["string", "object"], title: "Text" },
    expression: { type: "string", title: "Expression" },
    name: { type: "string", pattern: "^[a-z]+$" },
    field: {
      properties: { type: { enum: ["text", "number"], type: "string", title: "Type" } },
      required: ["type"],
      if: { properties: { type: { enum: ["text"] } }, required: ["type"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: "#/$defs/field.text" },
      else: { allOf: [{ properties: { scale: { type: "integer", minimum: 0, maximum: 6 } } }] },
    },
    thing: { type: "object", properties: { when: { type: "string" } } },
    "field.text": { properties: { label: { $ref: "#/$defs/text", title: "Label" }, max: { type: "integer" } } },
  },
};
const shape = (schema: Schema, value?: unknown) => shapeOf(root, schema, value);
const ref = (name: string) => ({ $ref: `#/$defs/${name}` });

describe("what is filled in", () => {
  test.each<[string, Schema, unknown, string]>([
    ["a text", { type: "string" }, "x", "text"],
    ["texts in languages", ref("text"), { en: "A" }, "texts"],
    ["an expression", ref("expression"), "a > 1", "expression"],
    ["a condition", { type: ["boolean", "string"] }, true, "condition"],
    ["yes or no", { type: "boolean" }, undefined, "boolean"],
    ["a number", { type: "integer" }, 3, "number"],
    ["one of some", { enum: ["a", "b"] }, "a", "choice"],
    ["one that is none of them", { enum: ["a", "b"] }, "c", "json"],
    ["some of some", { type: "array", items: { enum: ["a", "b"] } }, ["b"], "choices"],
    ["a list", { type: "array", items: ref("name") }, ["b"], "list"],
    ["a list of anything", { type: "array", items: { type: "object" } }, [{}], "json"],
    ["a list of things", { type: "array", items: ref("thing") }, [{ when: "a" }], "rows"],
    ["one that has something else in it", { type: "array", items: ref("thing") }, ["a"], "json"],
    ["named members", { type: "object", patternProperties: { "^[a-z]+$": ref("field") } }, {}, "map"],
    ["given members", ref("field"), { type: "text" }, "group"],
    ["anything", {}, { a: 1 }, "json"],
    ["a value of another kind", { type: "string" }, 3, "json"],
  ])("%s", (_, schema, value, is) => expect(shape(schema, value).is).toBe(is));
});

test("members are those of the branch that the value is of", () => {
  const members = (value: unknown) => {
    const found = shape(ref("field"), value);
    return found.is === "group" ? [...found.members.keys()] : [];
  };
  expect(members({ type: "text" })).toEqual(["type", "label", "max"]);
  expect(members({ type: "number" })).toEqual(["type", "scale"]);
});

test("titles are those where the schema is used", () => {
  expect(shape({ ...ref("text"), title: "Label" }).title).toBe("Label");
  expect(shape(ref("text")).title).toBe("Text");
});

test("conditions of schemas", () => {
  expect(holds(root, { not: { required: ["a"] } }, { b: 1 })).toBe(true);
  expect(holds(root, { not: { required: ["a"] } }, { a: 1 })).toBe(false);
  expect(holds(root, { anyOf: [{ const: 1 }, { const: 2 }] }, 2)).toBe(true);
  expect(holds(root, { properties: { a: { const: "x" } } }, { a: "y" })).toBe(false);
  expect(holds(root, false, 1)).toBe(false);
});
