import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The paths of all texts of a language. */
function paths(language: string): string[] {
  const walk = (at: object, path: string): string[] =>
    Object.entries(at).flatMap(([key, value]) =>
      typeof value === "string" ? [path + key] : walk(value, `${path}${key}.`),
    );
  return walk(JSON.parse(readFileSync(new URL(`./${language}.json`, import.meta.url), "utf8")), "").sort();
}

test("every language has every text", () => {
  expect(paths("en").length).toBeGreaterThan(20);
  expect(paths("zh")).toEqual(paths("en"));
});
