import { describe, expect, test } from "vitest";
import { patched } from "~/studio/patching";
import {
  cellOf,
  type Entry,
  entryOf,
  type FieldRight,
  fieldCell,
  fieldRight,
  givesField,
  givesRight,
  includedBy,
  type Right,
  rights,
  type SetDoc,
} from "./rights";

const entries: (Entry | undefined)[] = [
  undefined,
  {},
  { read: true },
  { read: true, update: true, fields: { "*": "read", amount: "edit", secret: "none" } },
  { create: true, fields: { amount: "read" } },
  { read: true, read_all: true, write_all: true, delete: true },
  { fields: { "*": "edit", name: "read" } }, // of what can't be read
];
const sets: SetDoc[] = entries.flatMap((lead) =>
  entries.map((all) => ({
    name: "s",
    objects: { other: { read: true }, ...(lead && { lead }), ...(all && { "*": all }) },
  })),
);

describe("a click says that very thing, and nothing of others", () => {
  for (const [i, set] of sets.entries())
    for (const right of rights)
      for (const on of [true, false])
        test(`set ${i}: ${right} ${on}`, () => {
          const after = patched(set, givesRight(set, "lead", right, on)) as SetDoc;
          expect(!!entryOf(after, "lead")?.[right]).toBe(on);
          for (const other of rights) {
            if (other === right) continue;
            const implied = on ? other === "read" : right === "read";
            if (!implied) expect(!!entryOf(after, "lead")?.[other]).toBe(!!entryOf(set, "lead")?.[other]);
          }
          expect(after.objects?.other).toEqual({ read: true });
          expect(entryOf(after, "unnamed")).toEqual(entryOf(set, "unnamed"));
          // A right on records that can't be read is none.
          const entry = entryOf(after, "lead");
          if (on && (["update", "delete", "read_all", "write_all"] as Right[]).includes(right))
            expect(entry?.read).toBe(true);
          if (entry?.fields) expect(entry.fields).toEqual(entryOf(set, "lead")?.fields);
        });
});

describe("a field is given to that extent, and others stay", () => {
  for (const [i, set] of sets.entries())
    for (const right of ["edit", "read", "masked", "none"] as FieldRight[])
      test(`set ${i}: ${right}`, () => {
        const before = entryOf(set, "lead");
        const after = patched(set, givesField(set, "lead", "amount", right)) as SetDoc;
        const entry = entryOf(after, "lead");
        if (entry?.read || entry?.create) expect(fieldRight(entry, "amount")).toBe(right);
        else expect(right).toBe("none");
        for (const other of ["secret", "name"]) expect(fieldRight(entry, other)).toBe(fieldRight(before, other));
        if (fieldRight(before, "amount") === right) expect(after).toEqual(set); // nothing changes what is so already
        expect(after.objects?.other).toEqual({ read: true });
        expect(entryOf(after, "unnamed")).toEqual(entryOf(set, "unnamed"));
      });
});

test("what a set includes is shown as coming from there", () => {
  const base = { kind: "permission", name: "base", objects: { lead: { read: true, fields: { "*": "read" } } } };
  const more = { kind: "permission", name: "more", includes: ["base", "mine"], objects: { "*": { delete: true } } };
  const mine = {
    kind: "permission",
    name: "mine",
    includes: ["more"],
    objects: { lead: { create: true, fields: {} } },
  };
  const documents = new Map([base, more, mine].map((d) => [`permission/${d.name}`, d])) as never;
  const set = mine as unknown as SetDoc;
  const included = includedBy(documents, set);
  expect(included.map(({ name }) => name)).toEqual(["more", "base"]); // a circle ends
  expect(cellOf(set, included, "lead", "create")).toEqual({ on: true, own: true });
  expect(cellOf(set, included, "lead", "read")).toEqual({ on: true, own: false, from: "base" });
  expect(cellOf(set, included, "lead", "delete")).toEqual({ on: true, own: false, from: "more" });
  expect(cellOf(set, included, "lead", "update")).toEqual({ on: false, own: false, from: undefined });
  expect(fieldCell(set, included, "lead", "amount")).toEqual({ right: "read", own: "none", from: "base" });
});
