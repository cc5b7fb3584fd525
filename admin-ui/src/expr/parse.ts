import { type Binary, binding, bindingOfMinus, bindingOfNot, type Expr } from "./tree";

/** Text that is no expression of the subset; `at` is where, from 0. */
export class Unparsable extends Error {
  constructor(readonly at: number) {
    super(`unparsable at ${at}`);
  }
}

interface Token {
  kind: "number" | "text" | "name" | "mark" | "end";
  text: string;
  at: number;
}

const spelled: Record<string, string> = { "&&": "and", "||": "or", "!": "not" };
const marks = ["==", "!=", "<=", ">=", "&&", "||", "??", ..."<>+-*/%()[],!?:"];
const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', "'": "'" };
/** Deeper than this nothing is drawn; the server has its own limit. */
const levels = 60;

function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const blank = /^\s+/.exec(rest);
    if (blank) {
      at += blank[0].length;
      continue;
    }
    const number = /^\d+(\.\d+)?/.exec(rest);
    const name = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*/u.exec(rest);
    const mark = marks.find((one) => rest.startsWith(one));
    if (number) found.push({ kind: "number", text: number[0], at });
    else if (name) found.push({ kind: "name", text: name[0], at });
    else if (rest[0] === '"' || rest[0] === "'") {
      const [value, length] = quoted(rest, at);
      found.push({ kind: "text", text: value, at });
      at += length;
      continue;
    } else if (mark) found.push({ kind: "mark", text: spelled[mark] ?? mark, at });
    else throw new Unparsable(at);
    at += (number?.[0] ?? name?.[0] ?? mark ?? "").length;
  }
  found.push({ kind: "end", text: "", at });
  return found;
}

/** A quoted text at the beginning of what is left, and how long it is as it is written. */
function quoted(rest: string, at: number): [string, number] {
  let value = "";
  for (let i = 1; i < rest.length; i++) {
    const letter = rest[i] as string;
    if (letter === rest[0]) return [value, i + 1];
    if (letter === "\\") {
      const code = /^u([0-9a-fA-F]{4})/.exec(rest.slice(i + 1));
      const plain = escapes[rest[i + 1] ?? ""];
      if (code) value += String.fromCharCode(Number.parseInt(code[1] as string, 16));
      else if (plain !== undefined) value += plain;
      else throw new Unparsable(at + i);
      i += code ? 5 : 1;
    } else if (letter === "\n") throw new Unparsable(at + i);
    else value += letter;
  }
  throw new Unparsable(at);
}

/** Reads an expression. Throws Unparsable for what the subset does not have, also where the server would take it. */
export function parse(source: string): Expr {
  const all = tokens(source);
  let next = 0;
  let depth = 0;
  const peek = (ahead = 0) => all[Math.min(next + ahead, all.length - 1)] as Token;
  const is = (word: string, ahead = 0) =>
    peek(ahead).text === word && (peek(ahead).kind === "mark" || peek(ahead).kind === "name");
  const take = (word: string) => {
    if (!is(word)) throw new Unparsable(peek().at);
    next++;
  };

  /** The operator at hand, if it binds at least as tightly as `least`. */
  const operator = (least: number): Binary | undefined => {
    const token = peek();
    if (token.kind !== "mark" && token.kind !== "name") return undefined;
    const word = token.text === "not" && is("in", 1) ? "not in" : token.text;
    return Object.hasOwn(binding, word) && binding[word as Binary] >= least ? (word as Binary) : undefined;
  };
  const expression = (least: number): Expr => {
    if (++depth > levels) throw new Unparsable(peek().at);
    let left = primary();
    for (let op = operator(least); op; op = operator(least)) {
      next += op === "not in" ? 2 : 1;
      left = { is: "binary", op, left, right: expression(binding[op] + 1) };
    }
    if (least === 0 && is("?")) left = choice(left);
    depth--;
    return left;
  };
  const choice = (when: Expr): Expr => {
    take("?");
    const yes = expression(0);
    take(":");
    return { is: "choice", when, yes, no: expression(0) };
  };
  const listed = (end: string): Expr[] => {
    const items: Expr[] = [];
    while (!is(end)) {
      if (items.length > 0) take(",");
      items.push(expression(0));
    }
    take(end);
    return items;
  };
  const primary = (): Expr => {
    const token = peek();
    next++;
    if (token.kind === "number") return { is: "number", text: token.text };
    if (token.kind === "text") return { is: "text", value: token.text };
    if (token.text === "not") return { is: "unary", op: "not", of: expression(bindingOfNot) };
    if (token.kind === "name") {
      if (token.text === "true" || token.text === "false") return { is: "truth", value: token.text === "true" };
      if (token.text === "nil") return { is: "nil" };
      if (Object.hasOwn(binding, token.text)) throw new Unparsable(token.at);
      if (!is("(")) return { is: "path", path: token.text };
      next++;
      return { is: "call", name: token.text, args: listed(")") };
    }
    if (token.text === "-") {
      const of = expression(bindingOfMinus);
      return of.is === "number" && !of.text.startsWith("-")
        ? { is: "number", text: `-${of.text}` }
        : { is: "unary", op: "-", of };
    }
    if (token.text === "[") return { is: "list", items: listed("]") };
    if (token.text === "(") {
      const inner = expression(0);
      take(")");
      return inner;
    }
    throw new Unparsable(token.at);
  };

  const whole = expression(0);
  if (peek().kind !== "end") throw new Unparsable(peek().at);
  return whole;
}

/** The expression of a text; undefined where it is none of the subset. */
export function parsed(source: string): Expr | undefined {
  try {
    return parse(source);
  } catch (error) {
    if (error instanceof Unparsable) return undefined;
    throw error;
  }
}
