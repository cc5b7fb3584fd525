// Reads the JSON Schema of a kind of documents as what a person can fill in. What it doesn't know it calls `json`,
// which is shown as text and left as it is.
import { same } from "./patching";

export type Schema = { [keyword: string]: unknown };

interface Common {
  /** What a person reads, in their language. */
  title: string | undefined;
  says: string | undefined;
  required: boolean;
  /** The definition of the schema that it is, such as `expression`; of its own, "". */
  of: string;
}

export type Shape = Common &
  (
    | { is: "text"; long: boolean; pattern: string | undefined; initial: string | undefined }
    /** One text, or one for each language. */
    | { is: "texts"; long: boolean }
    | { is: "boolean"; initial: boolean | undefined }
    | { is: "number"; whole: boolean; least: number | undefined; most: number | undefined; initial: number | undefined }
    | { is: "choice"; options: string[]; initial: string | undefined }
    /** Yes, no, or an expression. */
    | { is: "condition" }
    | { is: "expression" }
    /** Texts in an order. */
    | { is: "list" }
    | { is: "choices"; options: string[] }
    /** Things in an order, each of the same shape. */
    | { is: "rows"; each: Schema }
    /** Members with names of their own, each of the same shape. */
    | { is: "map"; each: Schema }
    /** Members with given names. */
    | { is: "group"; members: Map<string, Schema> }
    | { is: "json" }
  );

const isSchema = (v: unknown): v is Schema => typeof v === "object" && v !== null && !Array.isArray(v);
const defs = "#/$defs/";

/** A schema with what it refers to put in; `of` is the last definition that it went through. */
function resolved(root: Schema, schema: Schema): { schema: Schema; of: string } {
  let of = "";
  let at = schema;
  for (let i = 0; i < 20 && typeof at.$ref === "string" && at.$ref.startsWith(defs); i++) {
    of = at.$ref.slice(defs.length);
    const { $ref: _, ...own } = at;
    const target = (root.$defs as Schema | undefined)?.[of];
    if (!isSchema(target)) break;
    at = { ...target, ...own };
  }
  return { schema: at, of };
}

/** Whether a value is as a condition of a schema says, as far as those of our schemas go. */
export function holds(root: Schema, condition: unknown, value: unknown): boolean {
  if (typeof condition === "boolean") return condition;
  if (!isSchema(condition)) return true;
  const { schema } = resolved(root, condition);
  const object = isSchema(value) ? value : undefined;
  if ("const" in schema && !same(schema.const, value)) return false;
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => same(one, value))) return false;
  if (schema.type && ![schema.type].flat().includes(typeOf(value))) return false;
  if (Array.isArray(schema.required) && object && !schema.required.every((name) => String(name) in object))
    return false;
  if (isSchema(schema.properties) && object)
    for (const [name, one] of Object.entries(schema.properties))
      if (name in object && !holds(root, one, object[name])) return false;
  if ("not" in schema && holds(root, schema.not, value)) return false;
  if (Array.isArray(schema.anyOf) && !schema.anyOf.some((one) => holds(root, one, value))) return false;
  if (Array.isArray(schema.allOf) && !schema.allOf.every((one) => holds(root, one, value))) return false;
  return true;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** What a schema has besides itself for a value: of all that it consists of, and of those of its branches that apply. */
function gathered(
  root: Schema,
  from: Schema,
  value: unknown,
  depth = 0,
): { members: Map<string, Schema>; required: Set<string>; open: boolean; patterns: Schema | undefined } {
  const all = {
    members: new Map<string, Schema>(),
    required: new Set<string>(),
    open: false,
    patterns: undefined as Schema | undefined,
  };
  if (depth > 40) return all;
  const { schema } = resolved(root, from);
  const add = (more: unknown) => {
    if (!isSchema(more)) return;
    const got = gathered(root, more, value, depth + 1);
    for (const [name, one] of got.members) all.members.set(name, { ...all.members.get(name), ...one });
    for (const name of got.required) all.required.add(name);
    all.patterns ??= got.patterns;
  };
  for (const one of Array.isArray(schema.allOf) ? schema.allOf : []) add(one);
  if (isSchema(schema.properties))
    for (const [name, one] of Object.entries(schema.properties))
      if (isSchema(one)) all.members.set(name, { ...all.members.get(name), ...one });
  for (const name of Array.isArray(schema.required) ? schema.required : []) all.required.add(String(name));
  if (isSchema(schema.patternProperties)) all.patterns = schema.patternProperties;
  if ("if" in schema) add(holds(root, schema.if, value) ? schema.then : schema.else);
  for (const branch of [schema.oneOf, schema.anyOf])
    if (Array.isArray(branch)) add(branch.find((one) => holds(root, one, value)));
  return all;
}

const textOf = (v: unknown): string | undefined => (typeof v === "string" ? v : undefined);
const numberOf = (v: unknown): number | undefined => (typeof v === "number" ? v : undefined);
const allTexts = (v: unknown): v is string[] => Array.isArray(v) && v.every((one) => typeof one === "string");
/** Whether the members of a schema are languages. */
const ofLanguages = ({ patternProperties }: Schema) =>
  isSchema(patternProperties) && Object.keys(patternProperties).every((pattern) => pattern.startsWith("^[a-z]{2,3}"));
/** By this length the settings of field types say that a text is an expression. */
const longestExpression = 20_000;
const long = 500; // characters from which on a text wants several lines

/** Definitions that everything is made of. */
const basic = new Set(["text", "name", "expression", "condition", "order", "color", "icon", "path", "sort_key"]);

/** How a value of a schema is filled in. The value says which of the schema's branches apply. */
export function shapeOf(root: Schema, from: Schema, value: unknown, required = false): Shape {
  const { schema, of } = resolved(root, from);
  // What a definition says of itself is the same wherever it is used; what is said where it is used is worth reading.
  const says = basic.has(of) ? textOf(from.description) : textOf(schema.description);
  const common: Common = { title: textOf(schema.title), says, required, of };
  const types = [schema.type ?? []].flat();
  const only = (...wanted: string[]) => types.length === wanted.length && wanted.every((one) => types.includes(one));
  const shape = ((): Shape => {
    if (of === "text" || (only("string", "object") && ofLanguages(schema)))
      return { ...common, is: "texts", long: (numberOf(schema.maxLength) ?? 0) > 2000 };
    if (typeof schema.const === "string")
      return { ...common, is: "choice", options: [schema.const], initial: undefined };
    if (of === "expression" || (only("string") && schema.maxLength === longestExpression))
      return { ...common, is: "expression" };
    if (only("boolean", "string")) return { ...common, is: "condition" };
    if (only("boolean")) return { ...common, is: "boolean", initial: schema.default as boolean | undefined };
    if (allTexts(schema.enum) && !types.includes("array"))
      return { ...common, is: "choice", options: schema.enum, initial: textOf(schema.default) };
    if (only("string"))
      return {
        ...common,
        is: "text",
        long: !schema.pattern && (numberOf(schema.maxLength) ?? 0) > long,
        pattern: textOf(schema.pattern),
        initial: textOf(schema.default),
      };
    if (only("integer") || only("number"))
      return {
        ...common,
        is: "number",
        whole: only("integer"),
        least: numberOf(schema.minimum),
        most: numberOf(schema.maximum),
        initial: numberOf(schema.default),
      };
    if (only("array") && isSchema(schema.items)) {
      const items = resolved(root, schema.items).schema;
      if (allTexts(items.enum)) return { ...common, is: "choices", options: items.enum };
      if (items.type === "string") return { ...common, is: "list" };
      return items.type === "object" && items.properties
        ? { ...common, is: "rows", each: schema.items }
        : { ...common, is: "json" };
    }
    if (only("object") || (types.length === 0 && (schema.properties || schema.allOf || schema.if))) {
      const { members, patterns } = gathered(root, schema, value);
      if (members.size > 0 && !patterns) return { ...common, is: "group", members };
      const each =
        patterns && Object.values(patterns).length === 1 ? Object.values(patterns)[0] : schema.additionalProperties;
      if (members.size === 0 && isSchema(each)) return { ...common, is: "map", each };
    }
    return { ...common, is: "json" };
  })();
  return fits(shape, value) ? shape : { ...common, is: "json" };
}

/** Whether a value that is there can be shown so without loss. */
function fits(shape: Shape, value: unknown): boolean {
  if (value === undefined) return true;
  switch (shape.is) {
    case "text":
    case "expression":
      return typeof value === "string";
    case "choice":
      return typeof value === "string" && shape.options.includes(value);
    case "texts":
      return typeof value === "string" || (isSchema(value) && Object.values(value).every((v) => typeof v === "string"));
    case "boolean":
      return typeof value === "boolean";
    case "condition":
      return typeof value === "boolean" || typeof value === "string";
    case "number":
      return typeof value === "number";
    case "list":
      return allTexts(value);
    case "choices":
      return allTexts(value) && value.every((one) => shape.options.includes(one));
    case "rows":
      return Array.isArray(value) && value.every(isSchema);
    case "map":
    case "group":
      return isSchema(value);
    case "json":
      return true;
  }
}

/** Which members of a group are wanted. */
export const requiredOf = (root: Schema, schema: Schema, value: unknown): Set<string> =>
  gathered(root, schema, value).required;

/** The schema of the place at some steps in a value; undefined where it knows none. */
export function within(root: Schema, schema: Schema, value: unknown, steps: string[]): Schema | undefined {
  let at: Schema | undefined = schema;
  let of = value;
  for (const step of steps) {
    if (!at) return undefined;
    const shape: Shape = shapeOf(root, at, of);
    at =
      shape.is === "group"
        ? shape.members.get(step)
        : shape.is === "map" || shape.is === "rows"
          ? shape.each
          : undefined;
    of = isSchema(of) ? of[step] : Array.isArray(of) ? of[Number(step)] : undefined;
  }
  return at;
}

/** What people call a type of a trigger or a step, as the schema of workflows titles it; undefined: it has no such. */
export function titleOfType(root: Schema, of: "trigger" | "step", type: string): string | undefined {
  const found = isSchema(root.$defs) ? root.$defs[`${of}.of.${type}`] : undefined;
  return isSchema(found) ? textOf(found.title) : undefined;
}
