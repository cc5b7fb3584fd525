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

/** Kinds each of whose documents is shaped by pointing, and where. */
const designers: Record<string, string | undefined> = { object: "objects", form: "forms" };

/** Where a document is shaped: by pointing at it where there is a way to, else in the form of its kind. */
export function addressOf(
  { kind, name, object }: { kind: string; name: string; object?: string },
  draft?: string,
): string {
  const path =
    designers[kind] !== undefined
      ? `/studio/${designers[kind]}/${name}`
      : kind === "layout" && object
        ? `/studio/pages/${object}/${name}`
        : formOf({ kind, name });
  return draft ? `${path}?draft=${draft}` : path;
}

/** Where all that a document says is in a form. */
export const formOf = ({ kind, name }: { kind: string; name: string }) => `/studio/${sectionOf(kind)}/${kind}/${name}`;
