// A package as a file: its documents, its own first.
import type { Document } from "~/api/session";

type Doc = Document & { name: string };

/** The name of the package in a file, and its documents; undefined where it is no such file. */
export function readBundle(text: string): { name: string; documents: Document[] } | undefined {
  try {
    const said = JSON.parse(text) as { documents?: unknown };
    const documents = (Array.isArray(said) ? said : said.documents) as Document[] | undefined;
    const own = Array.isArray(documents) ? documents.filter((one) => one?.kind === "package") : [];
    const name = (own[0] as Doc | undefined)?.name;
    return own.length === 1 && typeof name === "string" && documents ? { name, documents } : undefined;
  } catch {
    return undefined;
  }
}

/** The file of a package: its head, then its documents. */
export const writeBundle = (head: Document, documents: Document[]): string =>
  `${JSON.stringify({ documents: [head, ...documents] }, null, 2)}\n`;

/** Documents that chosen ones speak of by name and that are not among them: objects, picklists, and what is looked up. */
export function lacking(chosen: Document[], own: Document[]): Document[] {
  const key = (one: Document) => `${one.kind}/${(one as Doc).name}`;
  const has = new Set(chosen.map(key));
  const missing = new Map<string, Document>();
  const named = new Map(own.map((one) => [key(one), one]));
  const look = (value: unknown, member: string) => {
    if (typeof value === "string") {
      for (const kind of spokenOf[member] ?? []) {
        const found = named.get(`${kind}/${value}`);
        if (found && !has.has(key(found))) missing.set(key(found), found);
      }
    } else if (Array.isArray(value)) for (const one of value) look(one, member);
    else if (value && typeof value === "object") for (const [name, one] of Object.entries(value)) look(one, name);
  };
  for (const one of chosen) look(one, "");
  return [...missing.values()];
}

/** Members whose values are names of documents. */
const spokenOf: Record<string, string[] | undefined> = {
  object: ["object"],
  objects: ["object"],
  picklist: ["picklist"],
  view: ["view"],
  layout: ["layout"],
  template: ["template"],
  workflow: ["workflow"],
  calendar: ["calendar"],
  connection: ["connection"],
  includes: ["permission"],
  permissions: ["permission"],
  parent: ["role"],
  roles: ["role"],
};
