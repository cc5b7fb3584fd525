// A filter as people build it: groups of conditions. It is another reading of an expression, and
// nothing is lost: what can't be drawn stays as the text it is.
import { parsed } from "./parse";
import { print } from "./print";
import { binary, type Expr, joined, not, partsOf, pathsIn } from "./tree";

export type Mode = "all" | "any" | "none";

export interface Condition {
  is: "condition";
  path: string;
  operator: string;
  values: Expr[];
}

export interface Group {
  is: "group";
  mode: Mode;
  parts: Part[];
}

/** An expression that no operator reads. */
export interface Text {
  is: "text";
  text: string;
}

export type Part = Condition | Group | Text;

/** An operator of a kind of fields: a shape of expression with places for values. */
export interface Operator {
  id: string;
  /** What a person may type for it, besides its label. */
  signs?: string[];
  /** How many values it takes; `many` is a list of at least one. */
  takes: 0 | 1 | 2 | "many";
  /** What the values are: those of the field, or numbers of days and the like. */
  of?: "value" | "count";
  /** The operator of the server that it needs, as the schema of records lists them. */
  needs: string;
  print(at: string, values: Expr[]): Expr;
  /** The values, if the expression has this shape; otherwise undefined. */
  read(of: Expr, at: string): Expr[] | undefined;
}

/** The operators of a field; undefined where there is no such field. */
export type Operators = (path: string) => Operator[] | undefined;

export const everything: Group = { is: "group", mode: "all", parts: [] };
/** Groups in groups in a group: deeper ones stay text. */
export const levels = 3;

/** Reads a filter. The outermost is a group all of which must hold. */
export function filterOf(source: string, operators: Operators): Group {
  if (source.trim() === "") return everything;
  const tree = parsed(source);
  if (!tree) return { ...everything, parts: [{ is: "text", text: source.trim() }] };
  const part = partOf(tree, operators, 1);
  return part.is === "group" && part.mode === "all" ? part : { ...everything, parts: [part] };
}

function partOf(of: Expr, operators: Operators, level: number): Part {
  const condition = conditionOf(of, operators);
  if (condition) return condition;
  const group = level <= levels ? groupOf(of, operators, level) : undefined;
  return group ?? { is: "text", text: print(of) };
}

function groupOf(of: Expr, operators: Operators, level: number): Group | undefined {
  if (of.is === "unary" && of.op === "not") {
    const parts = partsOf(of.of, "or");
    return { is: "group", mode: "none", parts: parts.map((part) => partOf(part, operators, level + 1)) };
  }
  if (of.is !== "binary" || (of.op !== "and" && of.op !== "or")) return undefined;
  const parts: Part[] = [];
  const exprs = partsOf(of, of.op);
  for (let i = 0; i < exprs.length; i++) {
    // Two neighbours may be one condition: from, to.
    const [here, next] = [exprs[i] as Expr, exprs[i + 1]];
    const both = of.op === "and" && next ? conditionOf(binary(here, "and", next), operators) : undefined;
    parts.push(both ?? partOf(here, operators, level + 1));
    if (both) i++;
  }
  return { is: "group", mode: of.op === "and" ? "all" : "any", parts };
}

/** The condition that an expression is, if an operator of its field reads it. */
function conditionOf(of: Expr, operators: Operators): Condition | undefined {
  for (const path of new Set(pathsIn(of)))
    for (const operator of operators(path) ?? []) {
      const values = operator.read(of, path);
      if (values) return { is: "condition", path, operator: operator.id, values };
    }
  return undefined;
}

/** The expression of a filter; undefined where nothing is asked for. */
export function expressionOf(part: Part, operators: Operators): Expr | undefined {
  if (part.is === "text") return parsed(part.text);
  if (part.is === "condition") {
    const operator = operators(part.path)?.find((one) => one.id === part.operator);
    return operator && complete(part, operator) ? operator.print(part.path, part.values) : undefined;
  }
  const parts = part.parts.flatMap((one) => expressionOf(one, operators) ?? []);
  const whole = joined(part.mode === "all" ? "and" : "or", parts);
  return whole && part.mode === "none" ? not(whole) : whole;
}

/** Whether a condition has the values that it needs. What has not is not asked for yet. */
export const complete = (condition: Condition, operator: Operator): boolean =>
  operator.takes === "many" ? condition.values.length > 0 : condition.values.length >= operator.takes;

/** Writes a filter as the server takes it. A text that is no expression of the subset stays as it is. */
export function written(filter: Group, operators: Operators): string {
  const foreign = filter.parts.filter((part): part is Text => part.is === "text" && !parsed(part.text));
  const drawn = expressionOf(
    { ...filter, parts: filter.parts.filter((part) => !foreign.includes(part as Text)) },
    operators,
  );
  if (foreign.length === 0) return drawn ? print(drawn) : "";
  const all = [...(drawn ? [print(drawn)] : []), ...foreign.map((part) => part.text)];
  if (all.length === 1) return all[0] as string;
  return all.map((one) => `(${one})`).join(" and ");
}
