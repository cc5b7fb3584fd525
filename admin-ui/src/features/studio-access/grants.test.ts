import { expect, test } from "vitest";
import { patched } from "~/studio/patching";
import { changeOf, widened } from "./grants";
import { fieldRight, type SetDoc } from "./rights";

const grant = (document: object) => ({ code: "access.grant_permission", detail: "Let them.", document }) as never;
const set: SetDoc = {
  name: "s",
  objects: { lead: { read: true, fields: { "*": "none", name: "read" } } },
  system: ["api"],
};

test("a set is widened by what is wanted, and by nothing else", () => {
  const want = grant({
    kind: "permission",
    objects: { lead: { read: true, update: true, fields: { amount: "edit" } } },
    system: ["export"],
  });
  expect(widened(set, want)).toEqual({
    objects: { lead: { update: true, fields: { amount: "edit" } } },
    system: ["api", "export"],
  });
  const other = grant({ kind: "permission", objects: { account: { read: true, fields: { name: "read" } } } });
  const after = patched(set, widened(set, other)) as SetDoc;
  expect(after.objects?.account).toEqual({ read: true, fields: { "*": "none", name: "read" } });
  expect(fieldRight(after.objects?.account, "revenue")).toBe("none");
  expect(widened(set, grant({ kind: "permission", objects: { lead: { read: true } } }))).toBeUndefined();
});

test("a rule is made with a name and a label", () => {
  const document = { kind: "sharing", object: "lead", when: 'id == "1"', to: { users: 'user == "2"' }, access: "read" };
  const documents = new Map([["sharing/sharing_lead", {}]]) as never;
  expect(changeOf(grant(document), null, documents)).toEqual({
    key: { kind: "sharing", name: "sharing_lead_2" },
    patch: { label: "Let them.", object: "lead", when: 'id == "1"', to: { users: 'user == "2"' }, access: "read" },
  });
  expect(changeOf(grant({}), null, documents)).toBeUndefined();
});
