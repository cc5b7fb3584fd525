// The parts of the studio, and the kinds of documents that each has.
export const sections = {
  objects: ["object", "picklist"],
  pages: ["layout", "view", "app", "dashboard", "form"],
  automation: ["workflow", "template", "calendar", "connection", "mailbox", "sla"],
  access: ["permission", "role", "sharing", "policy"],
  system: ["constant", "setting", "record", "origin", "package"],
} as const;

export type Section = keyof typeof sections;
export type Kind = (typeof sections)[Section][number];

/** The part that a kind belongs to; what nobody knows is in `system`. */
export const sectionOf = (kind: string): Section =>
  (Object.keys(sections) as Section[]).find((one) => (sections[one] as readonly string[]).includes(kind)) ?? "system";

/** Kinds that have a page of their own, and where that is. */
const designers: Record<string, string | undefined> = { object: "objects", form: "forms" };

/** Where a document is shaped, or a place in it. */
export function addressOf({ kind, name }: { kind: string; name: string }, draft?: string): string {
  const own = designers[kind];
  const path = own ? `/studio/${own}/${name}` : `/studio/${sectionOf(kind)}/${kind}/${name}`;
  return draft ? `${path}?draft=${draft}` : path;
}
