import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Document } from "~/api/session";
import { patched } from "~/studio/patching";
import { added, around, isLast, kindOfThing, moved, nameOfThing, namesIn, type Path, removed } from "./edits";

const packages = new URL("../../../../metadata/packages/", import.meta.url);
const collections: Record<string, string> = { layout: "tabs", app: "items", dashboard: "widgets" };

/** All documents of the packages whose things are moved. */
const documents = readdirSync(packages).flatMap((name) =>
  Object.keys(collections).flatMap((kind) => {
    const folder = new URL(`${name}/${kind}/`, packages);
    try {
      return readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Document);
    } catch {
      return []; // has none of that kind
    }
  }),
);

/** All collections of a document that something stands in. */
function collectionsOf(document: Document): string[][] {
  const first =
    document.kind === "layout"
      ? [["highlights"], ["tabs"], ["related"]]
      : [[collections[String(document.kind)] as string]];
  return first.flatMap((one) => [
    one,
    ...(one[0] !== "tabs"
      ? []
      : namesIn(document, one).flatMap((tab) => {
          const sections = ["tabs", tab, "sections"];
          return [sections, ...namesIn(document, sections).map((section) => [...sections, section, "fields"])];
        })),
  ]);
}
const thingsOf = (document: Document): Path[] =>
  collectionsOf(document).flatMap((one) => namesIn(document, one).map((name) => [...one, name]));

/** The document without some things and without the orders in some collections: what has to stay as it was. */
function rest(document: Document, things: Path[]): string {
  const copy = structuredClone(document) as Record<string, unknown>;
  for (const path of things) {
    let at: unknown = copy;
    for (const step of around(path)) at = (at as Record<string, unknown> | undefined)?.[step];
    if (Array.isArray(at)) copy.highlights = undefined;
    else if (at) {
      delete (at as Record<string, unknown>)[nameOfThing(path)];
      for (const one of Object.values(at)) delete (one as { order?: number }).order;
    }
  }
  // A collection that nothing is in says as much as none.
  return JSON.stringify(copy, (_, value) =>
    value && Object.keys(value).length === 0 && typeof value === "object" ? undefined : value,
  );
}
const changed = (document: Document, patch: unknown) => patched(document, patch) as Document;
const withOne = (names: string[], name: string, before: string | undefined) => {
  const others = names.filter((one) => one !== name);
  others.splice(before === undefined ? others.length : others.indexOf(before), 0, name);
  return others;
};

test("there are documents to try this on", () => expect(documents.length).toBeGreaterThan(25));

describe.each(documents.map((one) => [`${one.kind}/${one.name}`, one] as const))("%s", (_, document) => {
  test("what is moved is where it was put, and all else is the same", () => {
    for (const path of thingsOf(document)) {
      const own = around(path);
      for (const before of [...namesIn(document, own), undefined]) {
        const wanted =
          before === nameOfThing(path)
            ? namesIn(document, own)
            : withOne(namesIn(document, own), nameOfThing(path), before);
        const next = changed(document, moved(document, path, own, before) ?? {});
        expect(namesIn(next, own)).toEqual(wanted);
        expect(rest(next, [path])).toBe(rest(document, [path]));
      }
    }
  });

  test("what goes elsewhere takes along what it says, but for its place", () => {
    for (const path of thingsOf(document).filter((one) => ["fields", "sections"].includes(kindOfThing(one))))
      for (const to of collectionsOf(document).filter((one) => one.at(-1) === kindOfThing(path))) {
        const patch = moved(document, path, to, namesIn(document, to)[0]);
        if (to.join() === around(path).join()) continue;
        const there = [...to, nameOfThing(path)];
        if (isLast(document, path) || namesIn(document, to).includes(nameOfThing(path))) expect(patch).toBeUndefined();
        else {
          const next = changed(document, patch);
          expect(namesIn(next, to)[0]).toBe(nameOfThing(path));
          expect(namesIn(next, around(path))).not.toContain(nameOfThing(path));
          expect(rest(next, [path, there])).toBe(rest(document, [path, there]));
        }
      }
  });

  test("what is added and taken away again leaves nothing but orders", () => {
    for (const collection of collectionsOf(document))
      for (const before of [...namesIn(document, collection), undefined]) {
        const path = [...collection, "brand_new"];
        const next = changed(document, added(document, path, { label: "New" }, before));
        expect(namesIn(next, collection)).toEqual(
          withOne([...namesIn(document, collection), "brand_new"], "brand_new", before),
        );
        expect(rest(next, [path])).toBe(rest(document, [path]));
        expect(namesIn(changed(next, removed(next, path)), collection)).toEqual(namesIn(document, collection));
      }
  });

  test("what is taken away is gone, and all else the same bytes", () => {
    for (const path of thingsOf(document)) {
      const patch = removed(document, path);
      if (isLast(document, path)) expect(patch).toBeUndefined();
      else {
        const next = changed(document, patch);
        expect(namesIn(next, around(path))).toEqual(
          namesIn(document, around(path)).filter((one) => one !== nameOfThing(path)),
        );
      }
    }
  });
});

test("lists of a tab that goes are below all tabs", () => {
  const document = {
    kind: "layout",
    name: "a",
    tabs: { a: { sections: {} }, b: { sections: {} } },
    related: { x: { tab: "a" }, y: { tab: "b" } },
  };
  expect(removed(document as never, ["tabs", "a"])).toEqual({ tabs: { a: null }, related: { x: { tab: null } } });
});
