// Names that fit at a place of a document: what other documents are called.
import type { Document } from "~/api/session";
import type { ObjectDoc } from "~/meta/documents";
import type { Documents } from "./drafting";

/** Members whose values are names of documents of a kind. */
const named: Record<string, string> = {
  object: "object",
  objects: "object",
  picklist: "picklist",
  view: "view",
  layout: "layout",
  role: "role",
  roles: "role",
  permissions: "permission",
  includes: "permission",
  parent: "role",
  template: "template",
  calendar: "calendar",
  connection: "connection",
  send: "connection",
  workflow: "workflow",
  mailbox: "mailbox",
};
/** Members whose values are fields of the object that the document, or the place, is of. */
const fielded = new Set([
  "fields",
  "field",
  "columns",
  "highlights",
  "name_field",
  "search",
  "sort",
  "group",
  "start",
  "end",
  "picture",
  "depends_on",
  "untracked",
  "required",
  "set",
  "match",
  "defaults",
]);

/** Says what fits at a place of a document; undefined where anything does. */
export function suggestionsOf(documents: Documents, document: Document): (path: string[]) => string[] | undefined {
  const names = (kind: string) =>
    [...documents.values()]
      .filter((d) => d.kind === kind)
      .map((d) => String(d.name))
      .sort();
  return (path) => {
    const member = path.at(-1) ?? "";
    if (document.kind === "object" && member === "parent") return fieldsOf(documents, String(document.name));
    if (fielded.has(member) && path.length < 8) {
      const of = objectAt(document, path);
      return of ? fieldsOf(documents, of) : undefined;
    }
    const kind = named[member];
    return kind ? names(kind) : undefined;
  };
}

/** The object whose fields a place speaks of: the nearest that is named around it. */
function objectAt(document: Document, path: string[]): string | undefined {
  if (document.kind === "object") return String(document.name);
  let at: unknown = document;
  let object: string | undefined;
  for (const step of ["", ...path]) {
    if (step !== "") at = (at as Record<string, unknown> | undefined)?.[step];
    const said = (at as { object?: unknown } | undefined)?.object;
    if (typeof said === "string") object = said;
  }
  return object;
}

const system = ["owner", "created_at", "created_by", "updated_at", "updated_by"];
const fieldsOf = (documents: Documents, object: string): string[] => [
  ...Object.keys((documents.get(`object/${object}`) as unknown as ObjectDoc | undefined)?.fields ?? {}).sort(),
  ...system,
];
