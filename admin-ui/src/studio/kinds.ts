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

/** What expressions of a kind may read besides a record. */
export const rootsOf = (kind: string): readonly string[] => (kind === "workflow" ? ["steps", "input"] : []);

/** The part that a kind belongs to; what nobody knows is in `system`. */
export const sectionOf = (kind: string): Section =>
  (Object.keys(sections) as Section[]).find((one) => (sections[one] as readonly string[]).includes(kind)) ?? "system";

/** Where a document is shaped: by pointing at it where there is a way to, else in the form of its kind. */
export function addressOf(
  { kind, name, object }: { kind: string; name: string; object?: string },
  draft?: string,
): string {
  const path = pointed({ kind, name, object }) ?? formOf({ kind, name });
  return draft ? `${path}?draft=${draft}` : path;
}

/** Where all that a document says is in a form. */
export const formOf = ({ kind, name }: { kind: string; name: string }) => `/studio/${sectionOf(kind)}/${kind}/${name}`;

/** Where a document is shaped by pointing at it. */
function pointed({ kind, name, object }: { kind: string; name: string; object?: string }): string | undefined {
  if (kind === "object") return `/studio/objects/${name}`;
  if (kind === "form") return `/studio/forms/${name}`;
  if (kind === "layout" && object) return `/studio/pages/${object}/${name}`;
  if (kind === "view" && object) return `/studio/pages/${object}/views/${name}`;
  return kind === "app" || kind === "dashboard" ? `/studio/pages/shape/${kind}/${name}` : undefined;
}
