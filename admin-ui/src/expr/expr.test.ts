import { expect, test } from "vitest";
import { type Binary, binding, type Expr, parse, parsed, print, unknownName } from ".";

/** Small numbers that look random and are the same in each run. */
function randomOf(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const texts = ["", "a", 'say "hi"', "line\nbreak", "back\\slash", "tab\t", "中文", "it's"];
const paths = ["amount", "account.name", "owner", "not_closed", "金额", "inbox", "user.id"];

/** An expression as the parser makes them, of at most so many levels. */
function anyExpr(random: (below: number) => number, level: number): Expr {
  const pick = <T>(of: T[]) => of[random(of.length)] as T;
  const deeper = () => anyExpr(random, level - 1);
  switch (random(level > 0 ? 10 : 5)) {
    case 0:
      return { is: "number", text: pick(["0", "12.50", "-3", "100000000000000000000.01"]) };
    case 1:
      return { is: "text", value: pick(texts) };
    case 2:
      return pick<Expr>([{ is: "nil" }, { is: "truth", value: true }, { is: "truth", value: false }]);
    case 3:
    case 4:
      return { is: "path", path: pick(paths) };
    case 5:
      return { is: "list", items: Array.from({ length: random(3) }, deeper) };
    case 6:
      return { is: "call", name: pick(["today", "addDays", "date"]), args: Array.from({ length: random(3) }, deeper) };
    case 7:
      return { is: "unary", op: "not", of: deeper() };
    case 8:
      return { is: "choice", when: deeper(), yes: deeper(), no: deeper() };
    default:
      return { is: "binary", op: pick(Object.keys(binding) as Binary[]), left: deeper(), right: deeper() };
  }
}

test("what is printed is parsed to what it was", () => {
  const random = randomOf(7);
  for (let i = 0; i < 5000; i++) {
    const tree = anyExpr(random, 5);
    expect(parse(print(tree)), print(tree)).toEqual(tree);
  }
});

test("text that is changed anywhere is parsed or refused, never worse", () => {
  const random = randomOf(11);
  for (let i = 0; i < 5000; i++) {
    const source = print(anyExpr(random, 4));
    const at = random(source.length + 1);
    const broken =
      source.slice(0, at) + ['"', "(", ")", "not ", "\\", "..", "in", "😀"][random(8)] + source.slice(at + random(3));
    const tree = parsed(broken);
    if (tree) expect(parse(print(tree))).toEqual(tree);
  }
  expect(parsed(`${"(".repeat(10000)}a`)).toBeUndefined();
});

test.each([
  ["not a == b", "not a == b"], // which is (not a) == b, as on the server
  ["not (a == b)", "not (a == b)"],
  ["a or b and c", "a or b and c"],
  ["(a or b) and c", "(a or b) and c"],
  ["a && !b || c", "a and not b or c"],
  ["stage not in ['won', \"lost\"]", 'stage not in ["won", "lost"]'],
  ["amount>=-5", "amount >= -5"],
  ["a ? b : c ? d : e", "a ? b : c ? d : e"],
  ["(a ? b : c) ? d : e", "(a ? b : c) ? d : e"],
  ["(a ?? 0) > 3", "(a ?? 0) > 3"], // the server takes no other operator beside ?? without brackets
])("%s is %s", (source, written) => expect(print(parse(source))).toBe(written));

test.each(["", "a ==", "amount > 10,000", "== 5", '"open', "a b", "f(", "a ? b", ".x"])(
  "%s is no expression",
  (source) => expect(parsed(source)).toBeUndefined(),
);

test("a name that there is not is told with the nearest one", () => {
  expect(unknownName(parse("amout > 5 and user.id == owner"), ["amount", "owner"])).toEqual({
    name: "amout",
    nearest: "amount",
  });
  expect(unknownName(parse("amount > settings.large"), ["amount"])).toBeUndefined();
});
