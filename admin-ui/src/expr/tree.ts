// An expression of the server as a tree, as far as filters need it.

export type Expr =
  /** Written as it was, for numbers are exact decimals. */
  | { is: "number"; text: string }
  | { is: "text"; value: string }
  | { is: "truth"; value: boolean }
  | { is: "nil" }
  | { is: "list"; items: Expr[] }
  /** A field, maybe through lookups, and names such as `user.id`. */
  | { is: "path"; path: string }
  | { is: "call"; name: string; args: Expr[] }
  | { is: "unary"; op: "not" | "-"; of: Expr }
  | { is: "binary"; op: Binary; left: Expr; right: Expr }
  /** `when ? yes : no` */
  | { is: "choice"; when: Expr; yes: Expr; no: Expr };

export type Binary =
  | "or"
  | "and"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "not in"
  | "contains"
  | "startsWith"
  | "endsWith"
  | "matches"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "??";

/** How tightly operators bind, as the server's language has it: `not a == b` is `(not a) == b`. */
export const binding: Record<Binary, number> = {
  or: 10,
  and: 15,
  "==": 20,
  "!=": 20,
  "<": 20,
  "<=": 20,
  ">": 20,
  ">=": 20,
  in: 20,
  "not in": 20,
  contains: 20,
  startsWith: 20,
  endsWith: 20,
  matches: 20,
  "+": 30,
  "-": 30,
  "*": 60,
  "/": 60,
  "%": 60,
  "??": 500,
};
export const bindingOfNot = 50;
export const bindingOfMinus = 90;

export const number = (value: number | string): Expr => ({ is: "number", text: String(value) });
export const text = (value: string): Expr => ({ is: "text", value });
export const path = (at: string): Expr => ({ is: "path", path: at });
export const call = (name: string, ...args: Expr[]): Expr => ({ is: "call", name, args });
export const binary = (left: Expr, op: Binary, right: Expr): Expr => ({ is: "binary", op, left, right });
export const not = (of: Expr): Expr => ({ is: "unary", op: "not", of });
export const nil: Expr = { is: "nil" };
export const list = (items: Expr[]): Expr => ({ is: "list", items });

/** Joins with `and` or `or`, from the left as the parser does. */
export const joined = (op: "and" | "or", parts: Expr[]): Expr | undefined =>
  parts.length === 0 ? undefined : parts.reduce((left, right) => binary(left, op, right));

/** The parts that `and` or `or` joins, in their order. */
export const partsOf = (of: Expr, op: "and" | "or"): Expr[] =>
  of.is === "binary" && of.op === op ? [...partsOf(of.left, op), ...partsOf(of.right, op)] : [of];

/** The fields and names that an expression reads. */
export function pathsIn(of: Expr): string[] {
  switch (of.is) {
    case "path":
      return [of.path];
    case "list":
      return of.items.flatMap(pathsIn);
    case "call":
      return of.args.flatMap(pathsIn);
    case "unary":
      return pathsIn(of.of);
    case "binary":
      return [...pathsIn(of.left), ...pathsIn(of.right)];
    case "choice":
      return [...pathsIn(of.when), ...pathsIn(of.yes), ...pathsIn(of.no)];
    default:
      return [];
  }
}
