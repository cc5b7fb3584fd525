// What holds for every type of field, in both languages.
import { readdirSync, readFileSync } from "node:fs";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { prerender } from "react-dom/static";
import { I18nextProvider } from "react-i18next";
import { describe, expect, test } from "vitest";
import { i18n } from "~/i18n";
import { type Field, modelOf } from "~/meta/model";
import { SessionProvider } from "~/meta/session";
import { fieldTypes, formatsOf, typeOf } from "./index";

/** These have no text that says all of a value, so none is read: references and files are found by the server. */
const unread = "any_lookup auto_number children file image lookup secret unknown user".split(" ");
/** These are given by the server, or not known here. */
const unentered = ["auto_number", "unknown"];
const hostile = "<img src=x onerror=alert(1)>";

const options = {
  a: { label: { en: "Early bird", zh: "早鸟" }, color: "red" },
  b: { label: { en: "Other", zh: "其他" } },
};
const documents = [
  {
    kind: "object",
    name: "thing",
    fields: Object.fromEntries(
      fieldTypes.map((type) => [
        type,
        {
          type,
          label: { en: `Field of ${type}`, zh: `字段 ${type}` },
          options,
          scale: 2,
          currency: "USD",
          fields: { size: { type: "number" } },
        },
      ]),
    ),
  },
];
const right = { read: true, create: true, update: true, delete: true };
const rights = {
  objects: { thing: { ...right, fields: Object.fromEntries(fieldTypes.map((type) => [type, "edit"])) } },
};

function sessionIn(language: string) {
  const model = modelOf(documents as never, 1, rights as never, language);
  const formats = formatsOf(language, "Asia/Shanghai", (key) => String(i18n.getFixedT(language)(key as never)));
  const field = (type: string) => model.objects.get("thing")?.fields.get(type) as Field;
  const draw = async (node: ReactNode) => {
    await i18n.changeLanguage(language);
    const { prelude } = await prerender(
      <MantineProvider>
        <I18nextProvider i18n={i18n}>
          <QueryClientProvider client={new QueryClient()}>
            <SessionProvider value={{ me: {} as never, model }}>{node}</SessionProvider>
          </QueryClientProvider>
        </I18nextProvider>
      </MantineProvider>,
    );
    return new Response(prelude).text();
  };
  return { formats, field, draw };
}

test("every type of field that the server has is a folder here", () => {
  const source = new URL("../../../metadata/fieldtype/", import.meta.url);
  const named = readdirSync(source)
    .filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"))
    .flatMap((name) => [
      ...readFileSync(new URL(name, source), "utf8").matchAll(/\) Name\(\) string\s+{ return "(\w+)" }/g),
    ])
    .map((found) => found[1] as string);
  expect(named.length).toBeGreaterThan(20);
  // What is computed is shown as the type that it results in.
  const shown = named.filter((type) => type !== "formula" && type !== "rollup");
  expect(fieldTypes.filter((type) => type !== "unknown").sort()).toEqual(shown.sort());
});

describe.each(["en", "zh"])("in %s", (language) => {
  const { formats, field, draw } = sessionIn(language);
  test.each(fieldTypes)("%s: what is written is read again", (name) => {
    const type = typeOf(name);
    expect(Boolean(type.parse)).toBe(!unread.includes(name));
    const at = { field: field(name), formats, name: "Acme" };
    const value = type.sample(at.field);
    const text = type.text(value, at);
    expect(text).not.toBe("");
    if (!type.parse) return;
    expect(type.parse(text, at)).toEqual(value);
    expect(type.parse(" ", at)).toBeNull();
  });
  test.each(fieldTypes)("%s: markup in a value is text", async (name) => {
    const type = typeOf(name);
    const at = { field: field(name), formats, name: hostile };
    const value = type.sample(at.field);
    const evil =
      typeof value === "string" ? hostile : Array.isArray(value) && typeof value[0] === "string" ? [hostile] : value;
    let drawn = "";
    try {
      drawn = await draw(type.cell(evil, at));
    } catch {
      return; // a value that no such field has, such as a date
    }
    expect(drawn).not.toContain("onerror=alert(1)>");
  });
  test.each(fieldTypes)("%s: its input has a name and can be reached by keys", async (name) => {
    const { Input, sample } = typeOf(name);
    expect(Boolean(Input)).toBe(!unentered.includes(name));
    if (!Input) return;
    const one = field(name);
    for (const value of [null, sample(one)])
      for (const label of [undefined, one.label]) {
        const html = await draw(
          <Input field={one} formats={formats} value={value} label={label} onChange={() => {}} />,
        );
        expect(html).toContain(one.label);
        const named = html.includes(`aria-label="${one.label}`) || /<label|<legend|<caption|aria-labelledby/.test(html);
        expect(named).toBe(true);
        expect(html).toMatch(/<(input|textarea|button|select)[ >]|contentEditable="true"|contenteditable="true"/);
        expect(html).not.toMatch(/(<input|<textarea)[^>]*tabindex="-1"(?![^>]*hidden)/i);
        expect(html).not.toMatch(/(fields|record|unreadable)\.[a-z_]+/); // a text that is missing is its key
      }
  });
});
