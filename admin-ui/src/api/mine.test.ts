import { expect, test } from "vitest";
import { isMarked, marked, merged, visited } from "./mine";

test("settings are merged as the server merges them", () => {
  const now = { theme: "dark", formats: { locale: "de-DE", clock: "24" } };
  expect(merged(now, { formats: { clock: null } })).toEqual({ theme: "dark", formats: { locale: "de-DE" } });
  expect(merged(now, { theme: null, columns: ["a"] })).toEqual({ formats: now.formats, columns: ["a"] });
  expect(now.formats.clock).toBe("24");
});

test("what was opened is first, once, and at most a hundred", () => {
  const one = (id: number) => ({ object: "lead", id: String(id), name: `${id}` });
  let recent: ReturnType<typeof visited> = [];
  for (let i = 0; i < 120; i++) recent = visited(recent, one(i));
  recent = visited(recent, one(100));
  expect(recent).toHaveLength(100);
  expect(recent.slice(0, 3).map((r) => r.id)).toEqual(["100", "119", "118"]);
  const favourites = marked([one(1), one(2)], one(1), true);
  expect(favourites.map((f) => f.id)).toEqual(["2", "1"]);
  expect(isMarked(marked(favourites, one(2), false), one(2))).toBe(false);
});
