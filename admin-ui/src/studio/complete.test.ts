import { expect, test } from "vitest";
import type { ObjectDoc } from "~/meta/documents";
import { completionsOf, type Known } from "./complete";

const known: Known = {
  language: "zh",
  picklists: new Map(),
  functions: [
    { name: "round", group: "number", form: "round(number, digits)", says: "Rounds." },
    { name: "roundUp", group: "number", form: "roundUp(number, digits)", says: "Rounds up." },
  ],
  objects: new Map<string, ObjectDoc>([
    [
      "deal",
      {
        kind: "object",
        name: "deal",
        fields: {
          amount: { type: "currency", label: { en: "Amount", zh: "金额" } },
          account: { type: "lookup", object: "account", label: { zh: "客户" } },
          stage: { type: "picklist", options: { won: { label: { zh: "赢单" } }, lost: { label: { zh: "输单" } } } },
        },
      },
    ],
    [
      "account",
      {
        kind: "object",
        name: "account",
        fields: { name: { type: "text" }, parent: { type: "lookup", object: "account" } },
      },
    ],
    ["user", { kind: "object", name: "user", fields: { region: { type: "text" } } }],
  ]),
};
const texts = (before: string) => completionsOf(before, "deal", known).all.map(({ text }) => text);

test("fields, by their names and by what people call them", () => {
  expect(texts("am")).toEqual(["amount"]);
  expect(texts("amount > 1 and acc")).toEqual(["account"]);
  expect(completionsOf("1 + am", "deal", known).typed).toBe("am");
});
test("through lookups", () => {
  expect(texts("account.na")).toEqual(["name"]);
  expect(texts("account.parent.pa")).toEqual(["parent"]);
  expect(texts("user.re")).toEqual(["region"]);
  expect(texts("old.am")).toEqual(["amount"]);
  expect(texts("amount.x")).toEqual([]);
});
test("functions", () => expect(texts("rou")).toEqual(["round(", "roundUp("]));
test("options of what a text is compared with", () => {
  expect(texts('stage == "')).toEqual(['won"', 'lost"']);
  expect(texts('stage not in ["won", "l')).toEqual(['lost"']);
  expect(texts('stage == "赢')).toEqual(['won"']);
});
test("nothing within another text, and nothing before a letter", () => {
  expect(texts('concat("am')).toEqual([]);
  expect(texts("amount > ")).toEqual([]);
});
