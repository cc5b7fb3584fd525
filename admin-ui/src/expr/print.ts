import { type Binary, binding, bindingOfMinus, bindingOfNot, type Expr } from "./tree";

/** Writes an expression so that parse reads the same tree. */
export function print(of: Expr): string {
  switch (of.is) {
    case "number":
      return of.text;
    case "text":
      return quote(of.value);
    case "truth":
      return String(of.value);
    case "nil":
      return "nil";
    case "path":
      return of.path;
    case "list":
      return `[${of.items.map(print).join(", ")}]`;
    case "call":
      return `${of.name}(${of.args.map(print).join(", ")})`;
    case "unary":
      return of.op === "not" ? `not ${within(of.of, bindingOfNot)}` : `-${within(of.of, bindingOfMinus)}`;
    case "choice":
      return `${within(of.when, 1)} ? ${print(of.yes)} : ${print(of.no)}`;
    case "binary": {
      const level = binding[of.op];
      return `${mixed(of.left, of.op) ?? within(of.left, level)} ${of.op} ${mixed(of.right, of.op) ?? within(of.right, level + 1)}`;
    }
  }
}

/** The server takes `??` beside other operators only in brackets. */
const mixed = (of: Expr, op: Binary): string | undefined =>
  of.is === "binary" && (of.op === "??") !== (op === "??") ? `(${print(of)})` : undefined;

/** An operand, in brackets where it binds less tightly than what is around it. */
function within(of: Expr, least: number): string {
  const level =
    of.is === "choice"
      ? 0
      : of.is === "binary"
        ? binding[of.op]
        : of.is === "unary"
          ? // What stands behind the operator reaches as far as it can, so that it may only stand alone or last.
            of.op === "not"
            ? bindingOfNot
            : bindingOfMinus
          : of.is === "number" && of.text.startsWith("-")
            ? bindingOfMinus
            : Number.POSITIVE_INFINITY;
  return level < least ? `(${print(of)})` : print(of);
}

/** A text in quotation marks. */
export const quote = (value: string): string =>
  `"${value.replace(/["\\\n\r\t]/g, (letter) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[letter] ?? `\\${letter}`)}"`;
