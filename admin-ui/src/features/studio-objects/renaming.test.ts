import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Document } from "~/api/session";
import type { ObjectDoc } from "~/meta/documents";
import { patched } from "~/studio/patching";
import { calledIn, patchesOf, relabelled, renames } from "./renaming";

const opportunity = {
  kind: "object",
  name: "opportunity",
  label: { en: "Opportunity", zh: "商机" },
  label_plural: { en: "Opportunities", zh: "商机" },
  fields: { amount: { type: "number", label: "Amount", help: "Of the opportunity." } },
} as unknown as ObjectDoc;
const project = { en: { one: "Project", several: "Projects" }, zh: { one: "项目", several: "项目" } };

function textsOf(text: Record<string, string>, to = project) {
  const documents = new Map([["view/v", { kind: "view", name: "v", label: text } as unknown as Document]]);
  const found = renames(documents, opportunity, to);
  return found.map(({ after }) => after);
}

describe("texts call an object by its new name", () => {
  const cases: [string, Record<string, string>, string[]][] = [
    ["one and several", { en: "All opportunities of an Opportunity" }, ["All projects of a Project"]],
    [
      "in its place in a sentence",
      { en: "Is an opportunity wanted?", zh: "是否需要商机" },
      ["Is a project wanted?", "是否需要项目"],
    ],
    [
      "as whole words",
      { en: "Opportunitylike, sub-opportunity, my.opportunity" },
      ["Opportunitylike, sub-project, my.opportunity"],
    ],
    [
      "not in placeholders or tags",
      { en: 'Won: {{ opportunity.name }} <b class="opportunity">Opportunity</b>' },
      ['Won: {{ opportunity.name }} <b class="opportunity">Project</b>'],
    ],
    ["not in other languages", { de: "Opportunity", en: "x" }, []],
  ];
  for (const [says, text, want] of cases) test(says, () => expect(textsOf(text)).toEqual(want));
  test("an article goes with the new word", () => {
    const order = { en: { one: "Order", several: "Orders" } };
    expect(textsOf({ en: "An opportunity. A closed opportunity is an opportunity." }, order as never)).toEqual([
      "An order. A closed opportunity is an order.".replace("opportunity", "order"),
    ]);
  });
});

test("nothing else of the standard documents changes, and nothing old is left", () => {
  const root = fileURLToPath(new URL("../../../../metadata/packages", import.meta.url));
  const documents = new Map<string, Document>();
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" }))
    if (entry.endsWith(".json")) {
      const document = JSON.parse(readFileSync(`${root}/${entry}`, "utf8"));
      if (document.kind && document.name) documents.set(`${document.kind}/${document.name}`, document);
    }
  const object = documents.get("object/opportunity") as unknown as ObjectDoc;
  expect(calledIn(object, "zh")).toEqual({ one: "商机", several: "商机" });
  const places = renames(documents, object, project);
  expect(places.length).toBeGreaterThan(40);
  const after = new Map(documents);
  for (const { key, patch } of patchesOf(places, documents)) {
    const name = `${key.kind}/${key.name}`;
    after.set(name, patched(after.get(name), patch) as Document);
  }
  after.set("object/opportunity", patched(after.get("object/opportunity"), relabelled(object, project)) as Document);
  const renamed = after.get("object/opportunity") as unknown as ObjectDoc;
  expect(renames(after, object, project)).toEqual([]);
  expect(renamed.label).toEqual({ en: "Project", zh: "项目" });
  // Back again, it is what it was.
  const former = Object.fromEntries(["en", "zh"].map((one) => [one, calledIn(object, one)]));
  const back = new Map(after);
  const returns = renames(after, renamed, former);
  for (const { key, patch } of patchesOf(returns, after)) {
    const name = `${key.kind}/${key.name}`;
    back.set(name, patched(back.get(name), patch) as Document);
  }
  for (const { key, path, before } of places) {
    const at = path.reduce<unknown>(
      (v, step) => (v as Record<string, unknown>)[step],
      back.get(`${key.kind}/${key.name}`),
    );
    expect(at).toBe(before);
  }
});
