// The operators that filters have, by what kind of values a field has.
import {
  type Binary,
  binary,
  call,
  type Expr,
  list,
  nil,
  not,
  number,
  type Operator,
  path,
  pathsIn,
  text,
} from "~/expr";
import type { Field } from "~/meta/model";

const same = (a: Expr, b: Expr) => JSON.stringify(a) === JSON.stringify(b);
/** Whether an expression is the same for all records: it reads no field of theirs. */
const fixed = (of: Expr) => pathsIn(of).every((name) => /^(user|constants|settings)(\.|$)/.test(name));

type At = (at: string) => Expr;
const itself: At = path;

const compare = (id: string, op: Binary, signs: string[], at: At = itself): Operator => ({
  id,
  signs,
  takes: 1,
  needs: op,
  print: (name, [value]) => binary(at(name), op, value as Expr),
  read: (of, name) =>
    of.is === "binary" && of.op === op && same(of.left, at(name)) && of.right.is !== "nil" && fixed(of.right)
      ? [of.right]
      : undefined,
});

const among = (id: string, op: "in" | "not in", signs: string[]): Operator => ({
  id,
  signs,
  takes: "many",
  needs: "in",
  print: (name, values) => binary(path(name), op, list(values)),
  read: (of, name) =>
    of.is === "binary" && of.op === op && same(of.left, path(name)) && of.right.is === "list" && fixed(of.right)
      ? of.right.items
      : undefined,
});

/** The opposite of an operator that has none of its own. */
const negated = (id: string, of: Operator, signs: string[] = []): Operator => ({
  ...of,
  id,
  signs,
  print: (name, values) => not(of.print(name, values)),
  read: (one, name) => (one.is === "unary" && one.op === "not" ? of.read(one.of, name) : undefined),
});

const emptiness = (id: string, op: "==" | "!="): Operator => ({
  id,
  takes: 0,
  needs: "empty",
  print: (name) => binary(path(name), op, nil),
  read: (of, name) => (same(of, binary(path(name), op, nil)) ? [] : undefined),
});
const empty = [emptiness("empty", "=="), emptiness("filled", "!=")];

const between = (at: At = itself): Operator => ({
  id: "between",
  signs: [".."],
  takes: 2,
  needs: ">=",
  print: (name, [from, to]) => binary(binary(at(name), ">=", from as Expr), "and", binary(at(name), "<=", to as Expr)),
  read: (of, name) => {
    if (of.is !== "binary" || of.op !== "and") return undefined;
    const from = compare("", ">=", [], at).read(of.left, name);
    const to = compare("", "<=", [], at).read(of.right, name);
    return from && to && ![...from, ...to].some(ofToday) ? [...from, ...to] : undefined;
  },
});

const is = compare("is", "==", ["=", "=="]);
const isNot = compare("is_not", "!=", ["!=", "<>", "≠"]);
const contains = compare("contains", "contains", ["~"]);

/** An expression that a condition is whole, without values. */
const stating = (id: string, of: At, others: At[] = [], needs = "=="): Operator => ({
  id,
  takes: 0,
  needs,
  print: of,
  read: (one, name) => ([of, ...others].some((shape) => same(one, shape(name))) ? [] : undefined),
});

// Dates. What is told by days is told of the caller's days, also for instants.
const today = call("today");
const shift = (unit: string, by: number) => (by === 0 ? today : call(`add${unit}`, today, number(by)));
const ofToday = (of: Expr): boolean => of.is === "call" && (of.name === "today" || of.args.some(ofToday));
const on = (id: string, days: number, at: At) => stating(id, (name) => binary(at(name), "==", shift("Days", days)));
const period = (id: string, start: string, unit: string, by: number, at: At) =>
  stating(id, (name) => binary(call(start, at(name)), "==", call(start, shift(unit, by))));

/** So many days back or ahead, with today or without. */
const days = (id: string, sign: -1 | 1, withToday: boolean, at: At): Operator => {
  const range = (name: string, count: Expr) => {
    const end = call("addDays", today, count);
    return sign < 0
      ? binary(binary(at(name), ">=", end), "and", binary(at(name), withToday ? "<=" : "<", today))
      : binary(binary(at(name), withToday ? ">=" : ">", today), "and", binary(at(name), "<=", end));
  };
  return {
    id,
    takes: 1,
    of: "count",
    needs: ">=",
    print: (name, [count]) => range(name, signed(count as Expr, sign)),
    read: (of, name) => {
      if (of.is !== "binary" || of.op !== "and" || of.left.is !== "binary" || of.right.is !== "binary")
        return undefined;
      const end = sign < 0 ? of.left.right : of.right.right;
      const count = end.is === "call" && end.name === "addDays" ? end.args[1] : undefined;
      if (count?.is !== "number" || !/^-?\d+$/.test(count.text) || count.text.startsWith("-") !== sign < 0)
        return undefined;
      return same(of, range(name, count)) ? [number(count.text.replace("-", ""))] : undefined;
    },
  };
};
const signed = (count: Expr, sign: -1 | 1): Expr =>
  count.is === "number" && sign < 0 ? number(`-${count.text.replace("-", "")}`) : count;

const calendar = (at: At): Operator[] => [
  on("today", 0, at),
  on("yesterday", -1, at),
  on("tomorrow", 1, at),
  period("this_week", "startOfWeek", "Days", 0, at),
  period("last_week", "startOfWeek", "Days", -7, at),
  period("next_week", "startOfWeek", "Days", 7, at),
  period("this_month", "startOfMonth", "Months", 0, at),
  period("last_month", "startOfMonth", "Months", -1, at),
  period("next_month", "startOfMonth", "Months", 1, at),
  period("this_quarter", "startOfQuarter", "Months", 0, at),
  period("last_quarter", "startOfQuarter", "Months", -3, at),
  period("this_year", "startOfYear", "Years", 0, at),
  period("last_year", "startOfYear", "Years", -1, at),
  days("last_days", -1, false, at),
  days("last_days_today", -1, true, at),
  days("next_days", 1, false, at),
  days("next_days_today", 1, true, at),
  compare("on", "==", ["=", "=="], at),
  compare("before", "<", ["<"], at),
  compare("after", ">", [">"], at),
  compare("until", "<=", ["<=", "≤"], at),
  compare("from", ">=", [">=", "≥"], at),
  between(at),
  ...empty,
];

/** The same days, with today in them or not. */
export const todayTwin: Record<string, string> = {
  last_days: "last_days_today",
  last_days_today: "last_days",
  next_days: "next_days_today",
  next_days_today: "next_days",
};

const sizes = [
  compare("gt", ">", [">"]),
  compare("gte", ">=", [">=", "≥"]),
  compare("lt", "<", ["<"]),
  compare("lte", "<=", ["<=", "≤"]),
  between(),
];

const has: Operator = {
  id: "has",
  signs: ["~", "=", "=="],
  takes: 1,
  needs: "contains",
  print: (name, [value]) => binary(value as Expr, "in", path(name)),
  read: (of, name) =>
    of.is === "binary" && of.op === "in" && same(of.right, path(name)) && of.left.is === "text" ? [of.left] : undefined,
};

/** The operators of each kind; a type of fields takes those of one. */
export const kinds = {
  text: [
    contains,
    negated("contains_not", contains, ["!~"]),
    is,
    isNot,
    compare("starts", "startsWith", []),
    compare("ends", "endsWith", []),
    among("one_of", "in", []),
    among("none_of", "not in", []),
    ...empty,
  ],
  number: [is, isNot, ...sizes, ...empty],
  option: [is, isNot, among("one_of", "in", []), among("none_of", "not in", []), ...empty],
  options: [has, negated("has_not", has, ["!~", "!="]), ...empty],
  truth: [
    stating("yes", path, [(name) => binary(path(name), "==", { is: "truth", value: true })]),
    stating("no", (name) => not(path(name)), [(name) => binary(path(name), "==", { is: "truth", value: false })]),
  ],
  date: calendar(path),
  datetime: calendar((name) => call("date", path(name))),
  time: [is, isNot, ...sizes, ...empty],
  reference: [is, isNot, among("one_of", "in", []), among("none_of", "not in", []), ...empty],
  presence: empty,
} satisfies Record<string, Operator[]>;

const askedAs: Record<string, string> = {
  datetime: "date",
  long_text: "text",
  rich_text: "text",
  tags: "text",
  auto_number: "text",
  email: "text",
  url: "text",
};

/** A field as a condition is about it, which is simpler for some: the day of an instant, words of a text, one of several. */
export const askedOf = (field: Field): Field => ({ ...field, shows: askedAs[field.shows] ?? field.shows });

/** A value of a field as an expression has it; undefined for what has no literal. */
export function literal(type: string, value: unknown): Expr | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (type === "duration") return call("seconds", number(Number(value)));
  if (typeof value === "number") return number(decimal(value));
  if (typeof value === "string") return text(value);
  return undefined;
}

/** The value that a literal is of; undefined for what is computed, such as `today()`. */
export function valueIn(type: string, of: Expr | undefined): unknown {
  if (of?.is === "number") return Number(of.text);
  if (of?.is === "text") return of.value;
  if (type === "duration" && of?.is === "call" && of.name === "seconds") return valueIn("number", of.args[0]);
  return undefined;
}

/** A number without an exponent, which the server does not read. */
const decimal = (value: number) =>
  Math.abs(value) >= 1e21 || (value !== 0 && Math.abs(value) < 1e-6)
    ? value.toFixed(20).replace(/\.?0+$/, "")
    : String(value);
