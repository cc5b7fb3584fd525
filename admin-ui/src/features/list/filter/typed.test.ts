import { expect, test } from "vitest";
import type { Document, Me } from "~/api/session";
import { print, written } from "~/expr";
import { formatsOf } from "~/fields";
import { fieldsOf } from "~/filter/fields";
import { modelOf, type ObjectModel } from "~/meta/model";
import en from "../../../i18n/en.json";
import zh from "../../../i18n/zh.json";
import { partTyped, readTyped } from "./typed";

const documents = [
  {
    kind: "object",
    name: "deal",
    name_field: "name",
    fields: {
      name: { type: "text", label: { en: "Name", zh: "名称" } },
      amount: { type: "currency", label: { en: "Amount", zh: "金额" } },
      amount_due: { type: "number", label: { en: "Amount due", zh: "应付金额" } },
      stage: {
        type: "picklist",
        label: { en: "Stage", zh: "阶段" },
        options: { won: { label: { en: "Won", zh: "赢单" } }, lost: { label: { en: "Lost", zh: "输单" } } },
      },
      close_date: { type: "date", label: { en: "Close date", zh: "结束日期" } },
      closed: { type: "checkbox", label: { en: "Closed", zh: "已关闭" } },
      account: { type: "lookup", object: "account", label: { en: "Account", zh: "客户" } },
    },
  },
  { kind: "object", name: "account", name_field: "name", fields: { name: { type: "text", label: "Name" } } },
] as unknown as Document[];
const may = (fields: string[]) => ({
  create: true,
  read: true,
  update: true,
  delete: true,
  fields: Object.fromEntries(fields.map((f) => [f, "edit"])),
});
const rights = {
  system: [],
  objects: {
    deal: may(["name", "amount", "amount_due", "stage", "close_date", "closed", "account", "owner"]),
    account: may(["name"]),
  },
} as unknown as Me["rights"];

function typing(language: "en" | "zh") {
  const model = modelOf(documents, 1, rights, language);
  const fields = fieldsOf(model, model.objects.get("deal") as ObjectModel, undefined);
  const ops = (language === "en" ? en : zh).list.op as Record<string, string>;
  const words = {
    operator: (id: string) => (ops[id] ?? id).replace("{{days}}", "…"),
    me: language === "en" ? "Me" : "我",
  };
  const formats = formatsOf(language, "UTC", (key) => key);
  return {
    at: (text: string) => readTyped(text, fields, words, formats),
    expression: (text: string) => {
      const found = partTyped(text, fields, words, formats);
      if (!found) return undefined;
      return "unknown" in found
        ? found.unknown
        : written({ is: "group", mode: "all", parts: [found.part] }, fields.operators);
    },
  };
}

test.each([
  ["amount > 10000", "amount > 10000"],
  ["Amount > 10,000", "amount > 10000"],
  ["amount>=5", "amount >= 5"],
  ["Amount due < 3", "amount_due < 3"],
  ["amount_due is between 3 .. 7", "amount_due >= 3 and amount_due <= 7"],
  ["Stage is won", 'stage == "won"'],
  ["Stage is one of won, lost", 'stage in ["won", "lost"]'],
  ["Close date is this month", "startOfMonth(close_date) == startOfMonth(today())"],
  ["close date < 2026-03-31", 'close_date < "2026-03-31"'],
  ["Name contains a, b", 'name contains "a, b"'],
  ["Closed is ticked", "closed"],
  ["not closed and amount > 3", "not closed and amount > 3"],
  ["owner is me", "owner == user.id"],
  ["account.name == 'Acme'", 'account.name == "Acme"'],
  ["amount > settings.large or closed", "amount > settings.large or closed"],
])("%s", (text, expression) => expect(typing("en").expression(text)).toBe(expression));

test.each([
  ["金额 > 10000", "amount > 10000"],
  ["金额>10000", "amount > 10000"],
  ["阶段 是 赢单", 'stage == "won"'],
  ["阶段是赢单", 'stage == "won"'],
  ["结束日期 在本月", "startOfMonth(close_date) == startOfMonth(today())"],
  ["负责人 是 我", "owner == user.id"],
])("%s", (text, expression) => expect(typing("zh").expression(text)).toBe(expression));

test.each(["amount >", "Stage is", "hello", "Stage is gone"])("%s is no condition yet", (text) =>
  expect(typing("en").expression(text)).toBeUndefined(),
);

test("a name that is no field is told", () => {
  expect(typing("en").expression("amount > many")).toEqual({ name: "many", nearest: undefined });
  expect(typing("en").expression("amout > 3")).toEqual({ name: "amout", nearest: "amount" });
});

test("fields, then operators, then values are offered", () => {
  const { at } = typing("en");
  const fields = at("am");
  expect(fields.at === "field" && fields.fields.map((c) => c.path)).toEqual([
    "amount",
    "amount_due",
    "name",
    "account.name",
  ]);
  const operators = at("Stage is o");
  expect(operators.at === "operator" && operators.operators.map((o) => o.id)).toEqual(["one_of"]);
  const values = at("Stage is w");
  expect(values.at === "value" && values.values.map((v) => print(v.value))).toEqual(['"won"']);
});
