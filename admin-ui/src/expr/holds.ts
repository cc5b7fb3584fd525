import type { Binary, Expr } from "./tree";

type Value = string | number | boolean | null;

/** Why a part of an expression has no value here: only the server computes it. */
const unknown = Symbol("unknown");
type Known = Value | Value[] | typeof unknown;

const number = /^-?\d+(\.\d+)?$/;

/** What a value of a form is to an expression; numbers come as texts of decimals. */
const plain = (value: unknown): Known =>
  value === undefined || value === null || value === ""
    ? null
    : typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? value
      : unknown;

function compare(op: Binary, left: Value, right: Value): boolean | typeof unknown {
  if (op === "==" || op === "!=") {
    const alike = number.test(String(left)) && number.test(String(right)) && typeof left !== typeof right;
    const same = alike ? Number(left) === Number(right) : left === right;
    return (op === "==") === same;
  }
  if (left === null || right === null) return false;
  if (typeof left === "boolean" || typeof right === "boolean") return unknown;
  const numbers = number.test(String(left)) && number.test(String(right));
  const [a, b] = numbers ? [Number(left), Number(right)] : [String(left), String(right)];
  switch (op) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return unknown;
  }
}

function computed(of: Expr, values: Record<string, unknown>): Known {
  switch (of.is) {
    case "number":
      return Number(of.text);
    case "text":
      return of.value;
    case "truth":
      return of.value;
    case "nil":
      return null;
    case "list": {
      const items = of.items.map((one) => computed(one, values));
      return items.every((one): one is Value => one !== unknown && !Array.isArray(one)) ? items : unknown;
    }
    case "path":
      return of.path.includes(".") ? unknown : plain(values[of.path]);
    case "unary": {
      const value = computed(of.of, values);
      return of.op === "not" && value !== unknown ? value !== true : unknown;
    }
    case "binary": {
      const left = computed(of.left, values);
      const right = computed(of.right, values);
      if (of.op === "and" || of.op === "or") {
        const decides = of.op === "or";
        if (left === decides || right === decides) return decides;
        return left === unknown || right === unknown ? unknown : !decides;
      }
      if (left === unknown || right === unknown) return unknown;
      if (of.op === "in" || of.op === "not in") {
        if (!Array.isArray(right) || Array.isArray(left)) return unknown;
        return right.some((one) => compare("==", left, one) === true) === (of.op === "in");
      }
      return Array.isArray(left) || Array.isArray(right) ? unknown : compare(of.op, left, right);
    }
    default:
      return unknown;
  }
}

/** Whether a condition holds for some values; undefined where only the server can say. */
export function holds(condition: Expr, values: Record<string, unknown>): boolean | undefined {
  const value = computed(condition, values);
  return value === unknown ? undefined : value === true;
}
