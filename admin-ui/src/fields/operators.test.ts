import { expect, test } from "vitest";
import { type Condition, filterOf, type Group, number, type Operator, parse, path, print, text, written } from "~/expr";
import { kinds, literal, valueIn } from "./kinds";
import { operatorsOf } from "./operators";

const of = (kind: Operator[]) => (name: string) => (name === "f" || name === "a.f" ? kind : undefined);
/** Values that an operator may be given. */
const values = (operator: Operator, kind: string) => {
  const value =
    kind === "number" || operator.of === "count" ? number(7) : kind === "date" ? text("2026-03-31") : text("x");
  return operator.takes === "many" ? [value, path("user.id")] : Array.from({ length: operator.takes }, () => value);
};

test.each(Object.entries(kinds))("every operator of %s is read as it was written", (kind, operators) => {
  for (const operator of operators)
    for (const name of ["f", "a.f"]) {
      const condition: Condition = {
        is: "condition",
        path: name,
        operator: operator.id,
        values: values(operator, kind),
      };
      const source = written({ is: "group", mode: "all", parts: [condition] }, of(operators));
      expect(filterOf(source, of(operators)).parts, source).toEqual([condition]);
    }
});

test("groups of conditions are read as they were written, to three levels", () => {
  const condition = (value: string): Condition => ({
    is: "condition",
    path: "f",
    operator: "is",
    values: [text(value)],
  });
  const group = (mode: Group["mode"], ...parts: Group["parts"]): Group => ({ is: "group", mode, parts });
  const filter = group(
    "all",
    condition("a"),
    group("any", condition("b"), group("none", condition("c"), condition("d"))),
  );
  const source = written(filter, of(kinds.text));
  expect(source).toBe('f == "a" and (f == "b" or not (f == "c" or f == "d"))');
  expect(filterOf(source, of(kinds.text))).toEqual(filter);
});

test("what can't be drawn stays as it is and still counts", () => {
  for (const source of ['f == "a" and g > 5', "f > g", "f == nil ? a : b", 'f == "a" or lower(f) == "b"'])
    expect(written(filterOf(source, of(kinds.text)), of(kinds.text))).toBe(source);
});

test("a condition without its value is not asked for", () => {
  const filter = filterOf('f == "a"', of(kinds.text));
  const more: Group = {
    ...filter,
    parts: [...filter.parts, { is: "condition", path: "f", operator: "contains", values: [] }],
  };
  expect(written(more, of(kinds.text))).toBe('f == "a"');
});

test.each([
  ["owner == user.id and not closed", ["is", "no"]],
  ["not closed and close_date >= startOfMonth(today())", ["no", "from"]],
  ["close_date >= addDays(today(), -7) and close_date < today()", ["last_days"]],
  ["close_date >= addDays(today(), -7) and close_date <= today()", ["last_days_today"]],
  ["startOfQuarter(close_date) == startOfQuarter(addMonths(today(), -3))", ["last_quarter"]],
  ["date(made) == today()", ["today"]],
])("%s", (source, operators) => {
  const known: Record<string, Operator[]> = {
    owner: kinds.reference,
    closed: kinds.truth,
    close_date: kinds.date,
    made: kinds.datetime,
  };
  const parts = filterOf(source, (name) => known[name]).parts;
  expect(parts.map((part) => part.is === "condition" && part.operator)).toEqual(operators);
  expect(written({ is: "group", mode: "all", parts }, (name) => known[name])).toBe(source);
});

test("a value is read from its literal", () => {
  expect(print(literal("duration", 5400) ?? path("none"))).toBe("seconds(5400)");
  expect(valueIn("duration", parse("seconds(5400)"))).toBe(5400);
  expect(print(literal("number", 1e-7) ?? path("none"))).toBe("0.0000001");
  expect(valueIn("date", parse("today()"))).toBeUndefined();
});

test("a type has operators by its folder", () => {
  expect(operatorsOf("currency").map((one) => one.id)).toContain("between");
  expect(operatorsOf("none such")).toEqual([]);
});
