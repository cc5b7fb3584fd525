// What the colours have to keep: text of at least 4.5 to 1 on each surface, lines of controls of 3 to 1.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const css = readFileSync(fileURLToPath(new URL("theme.css", import.meta.url)), "utf8");

/** The colours of a block of the theme, by name. */
function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]));
}

function brightness(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const part = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [brightness(a), brightness(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const options = ["gray", "blue", "teal", "green", "yellow", "orange", "red", "purple"];
const themes = { light: ":root", dark: ':root[data-mantine-color-scheme="dark"]' };

describe.each(Object.entries(themes))("the colours of the %s theme", (_, selector) => {
  const all = tokens(selector);
  const of = (name: string) => all[name] ?? "";
  const pairs = [
    ...["text", "text-2", "text-3", "accent", "ok", "warn", "bad", "info"].flatMap((text) =>
      ["bg", "surface", "raised"].map((on) => [text, on] as const),
    ),
    ...["text", "text-2", "accent"].map((text) => [text, "accent-soft"] as const),
    ...options.map((name) => [name, `${name}-bg`] as const),
  ];
  it.each(pairs)("%s can be read on %s", (text, on) => {
    expect(contrast(of(text), of(on))).toBeGreaterThanOrEqual(4.5);
  });
  it("white can be read on what is filled", () => {
    expect(contrast("#ffffff", of("accent-fill"))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(["bg", "surface", "raised"])("controls can be seen on %s", (on) => {
    expect(contrast(of("control-line"), of(on))).toBeGreaterThanOrEqual(3);
  });
});
