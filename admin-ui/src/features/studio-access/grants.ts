// What makes somebody allowed, as changes of documents.
import type { Grant } from "~/api/access";
import type { Key, Patch } from "~/api/drafts";
import type { Documents } from "~/studio/drafting";
import { difference, nameOf, patched } from "~/studio/patching";
import { type Entry, type FieldRight, givesField, givesRight, type Right, rights, type SetDoc, setOf } from "./rights";

/** A set with more rights: those of a grant, and none besides. */
export function widened(set: SetDoc, grant: Grant): Patch | undefined {
  const wanted = grant.document as { objects?: Record<string, Entry>; system?: string[] };
  let next: unknown = set;
  for (const [object, entry] of Object.entries(wanted.objects ?? {})) {
    const had = !!set.objects?.[object] || !!set.objects?.["*"];
    for (const right of rights)
      if (entry[right]) next = patched(next, givesRight(next as SetDoc, object, right as Right, true));
    const fields = Object.entries(entry.fields ?? {});
    // Of an object that the set did not speak of it gives the fields that are wanted, and no others.
    if (!had && fields.length > 0) next = patched(next, { objects: { [object]: { fields: { "*": "none" } } } });
    for (const [field, right] of fields)
      if (field !== "*" || !had) next = patched(next, givesField(next as SetDoc, object, field, right as FieldRight));
  }
  const missing = (wanted.system ?? []).filter((one) => !set.system?.includes(one));
  if (missing.length > 0) next = patched(next, { system: [...(set.system ?? []), ...missing] });
  return difference(set, next) as Patch | undefined;
}

/** The change that puts a grant into a draft: of a set that is widened, or of a rule that is made; undefined: neither. */
export function changeOf(
  grant: Grant,
  set: string | null,
  documents: Documents,
): { key: Key; patch: Patch } | undefined {
  const { kind, name: _, ...body } = (grant.document ?? {}) as { kind?: string; name?: string } & Patch;
  if (kind === "permission") {
    const document = set ? documents.get(`permission/${set}`) : undefined;
    const patch = document && widened(setOf(document), grant);
    return patch && { key: { kind, name: String(set) }, patch };
  }
  if (!kind) return undefined;
  const name = nameOf(`${kind} ${String(body.object ?? "")}`, (one) => documents.has(`${kind}/${one}`), kind);
  return { key: { kind, name }, patch: { label: grant.detail, ...body } };
}
