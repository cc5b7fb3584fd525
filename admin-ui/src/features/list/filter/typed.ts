// What a person types into the filter box: an expression, or a field, an operator and a value in words.
import {
  type Condition,
  type Expr,
  filterOf,
  type Operator,
  type Part,
  parsed,
  path,
  pathsIn,
  unknownName,
} from "~/expr";
import type { Formats } from "~/fields";
import { askedOf, literal } from "~/fields/kinds";
import { readText } from "~/fields/reading";
import type { Fields } from "~/filter/fields";
import { say } from "~/meta/documents";
import type { Column, Field } from "~/meta/model";

export interface Words {
  /** The label of an operator. */
  operator(id: string): string;
  me: string;
}

/** What has been typed so far, and what may follow. */
export type Typed =
  | { at: "field"; fields: Column[] }
  | { at: "operator"; column: Column; operators: Operator[]; before: string }
  | { at: "value"; column: Column; operator: Operator; typed: string; values: Value[] };

export interface Value {
  label: string;
  /** What tells it from others of its label. */
  about?: string;
  value: Expr;
}

/** How many fields, values or records are offered. */
export const offered = 8;
const begins = (text: string, word: string) => text.toLowerCase().startsWith(word.toLowerCase());

/** Reads what is typed up to its end. */
export function readTyped(text: string, fields: Fields, words: Words, formats: Formats): Typed {
  const plain = text.trimStart();
  const column = longest(
    fields.all.flatMap((c) => [c.label, c.path].map((name) => ({ name, one: c }))),
    plain,
    true,
  );
  if (!column) return { at: "field", fields: matching(fields.all, plain) };
  const operators = fields.operators(column.one.path) ?? [];
  const rest = plain.slice(column.name.length).trimStart();
  const operator = longest(
    operators.flatMap((o) => [words.operator(o.id), ...(o.signs ?? [])].map((name) => ({ name, one: o }))),
    rest,
    false,
  );
  if (!operator) {
    const found = operators.filter((o) =>
      [words.operator(o.id), ...(o.signs ?? [])].some((name) => begins(name, rest)),
    );
    // A field whose name is the beginning of another's stays a beginning.
    const others = matching(fields.all, plain);
    if (found.length === 0 && others.length > 0) return { at: "field", fields: others };
    return { at: "operator", column: column.one, operators: found, before: column.name };
  }
  const typed = rest.slice(operator.name.length).trimStart();
  const values = valuesOf(column.one.field, operator.one, typed, formats, words);
  // “is o” may become “is one of”.
  const longer = operators.filter((o) => o !== operator.one && begins(words.operator(o.id), rest));
  if (typed !== "" && values.length === 0 && longer.length > 0)
    return { at: "operator", column: column.one, operators: longer, before: column.name };
  return { at: "value", column: column.one, operator: operator.one, typed, values };
}

function matching(fields: Column[], words: string): Column[] {
  const plain = words.trim().toLowerCase();
  const by = (test: (text: string) => boolean) => fields.filter((c) => test(c.label.toLowerCase()) || test(c.path));
  const first = by((text) => text.startsWith(plain));
  return [...new Set([...first, ...by((text) => text.includes(plain))])].slice(0, plain ? offered : 50);
}

/** The longest name that the text begins with, as a whole word; with `more` something has to follow it. */
function longest<T>(
  names: { name: string; one: T }[],
  text: string,
  more: boolean,
): { name: string; one: T } | undefined {
  return names
    .filter(({ name }) => {
      if (!name || !begins(text, name)) return false;
      const after = text[name.length];
      if (after === undefined) return !more;
      // A word ends before a space or a sign; signs, and words of a script without spaces, end by themselves.
      return !/[\p{L}\p{N}_]$/u.test(name) || /\p{Script=Han}$/u.test(name) || !/[\p{L}\p{N}_.]/u.test(after);
    })
    .sort((a, b) => b.name.length - a.name.length)[0];
}

/** What may be chosen as a value without asking the server. */
function valuesOf(field: Field, operator: Operator, typed: string, formats: Formats, words: Words): Value[] {
  if (operator.takes === 0 || operator.of === "count") return [];
  if (field.targets.includes("user") && begins(words.me, typed)) return [{ label: words.me, value: path("user.id") }];
  return field.options
    .map((o) => ({ label: say(o.label, formats.language, o.name), value: { is: "text", value: o.name } as Expr }))
    .filter((o) => begins(o.label, typed) || begins((o.value as { value: string }).value, typed));
}

/** The values that a text says; undefined where it says none. */
export function valuesIn(
  field: Field,
  operator: Operator,
  typed: string,
  formats: Formats,
  words: Words,
): Expr[] | undefined {
  if (operator.takes === 0) return typed === "" ? [] : undefined;
  if (operator.of === "count") return /^\d{1,4}$/.test(typed) ? [{ is: "number", text: typed }] : undefined;
  const pieces =
    operator.takes === "many"
      ? typed.split(/[,，、]/)
      : operator.takes === 2
        ? typed.split(/\s*(?:\.\.|–|—|,|，|至|到|\band\b)\s*/)
        : [typed];
  const values = pieces.flatMap((piece) => exprOf(field, piece.trim(), formats, words) ?? []);
  return values.length === pieces.length && (operator.takes === "many" || values.length === operator.takes)
    ? values
    : undefined;
}

function exprOf(field: Field, typed: string, formats: Formats, words: Words): Expr | undefined {
  if (typed === "") return undefined;
  if (field.targets.includes("user") && [words.me, "me"].some((one) => one.toLowerCase() === typed.toLowerCase()))
    return path("user.id");
  const quoted = parsed(typed);
  if (quoted?.is === "text") return quoted;
  if (field.targets.length > 0) return undefined;
  const asked = askedOf(field);
  const value = readText(asked, typed, formats);
  return Array.isArray(value) ? literal("text", value[0]) : literal(asked.shows, value);
}

/**
 * The part of a filter that a text is: an expression of the server, else words. `unknown` is a name in
 * an expression that is no field.
 */
export function partTyped(
  text: string,
  fields: Fields,
  words: Words,
  formats: Formats,
): { part: Part } | { unknown: { name: string; nearest?: string } } | undefined {
  const typed = readTyped(text, fields, words, formats);
  if (typed.at === "value") {
    const values = valuesIn(typed.column.field, typed.operator, typed.typed, formats, words);
    if (values)
      return {
        part: { is: "condition", path: typed.column.path, operator: typed.operator.id, values } satisfies Condition,
      };
  }
  const tree = parsed(text);
  if (!tree || tree.is === "text" || tree.is === "number") return undefined;
  // A word alone is no condition, unless it is a field that is true or false.
  if (tree.is === "path" && fields.column(tree.path)?.field.shows !== "checkbox") return undefined;
  const unknown = unknownName(tree, [...fields.all.map((c) => c.path), ...paths(tree, fields)]);
  if (unknown) return { unknown };
  const parts = filterOf(text, fields.operators).parts;
  return { part: parts.length === 1 ? (parts[0] as Part) : { is: "group", mode: "all", parts } };
}

/** Paths that lead further than one lookup are fields too. */
const paths = (tree: Expr, fields: Fields) => pathsIn(tree).filter((one) => fields.column(one));
