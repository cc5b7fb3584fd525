// An object that is made of a file: its columns become fields.
import type { Key, Patch } from "~/api/drafts";
import type { Preview } from "~/api/imports";
import type { Document } from "~/api/session";
import { fieldOf } from "~/studio/fields";
import { nameOf, systemNames } from "~/studio/patching";
import { objectOf } from "./made";

export type ProposedColumn = Preview["columns"][number];

/** A column as somebody wants it. */
export interface Column {
  heading: string;
  samples: string[];
  as: NonNullable<ProposedColumn["as"]>;
  /** False: it is left out. */
  taken: boolean;
  label: string;
  type: string;
}

/** The columns as they are proposed; those without a heading can't be imported. */
export const columnsOf = (preview: Preview): Column[] =>
  preview.columns.map(({ heading, samples, as }) => ({
    heading,
    samples,
    as: as ?? { type: "text" },
    taken: heading !== "",
    label: titled(heading),
    type: as?.type ?? "text",
  }));

/** A heading as people write it: `close_date` is “Close date”. */
function titled(heading: string): string {
  const words = heading.trim().replaceAll("_", " ");
  return /^[a-z]/.test(words) ? `${words[0]?.toUpperCase()}${words.slice(1)}` : words;
}

/** What a field says of its type, as far as the file tells. */
function settings({ as, type }: Column): Patch {
  if (type !== as.type) return {};
  const { options, object, scale, currency } = as;
  const names = new Set<string>();
  const named = (label: string) => {
    const name = nameOf(label, (one) => names.has(one), "option");
    names.add(name);
    return name;
  };
  return {
    ...(options && {
      options: Object.fromEntries(options.map((label, i) => [named(label), { label, order: (i + 1) * 10 }])),
    }),
    ...(object && { object }),
    ...(scale && { scale }),
    ...(currency && { currency }),
  };
}

interface Wanted {
  name: string;
  label: string;
  plural: string;
  app?: Document;
  columns: Column[];
  /** The heading that names the records. */
  naming: string;
}

/** The documents of the object, patches of others, and the field that each heading became. */
export function objectFromFile(
  { columns, naming, ...wanted }: Wanted,
  sets: Document[],
): { made: (Key & Patch)[]; patches: { key: Key; patch: Patch }[]; fields: Record<string, string> } {
  const taken = columns.filter((one) => one.taken);
  const fields: Record<string, string> = {};
  const docs: Record<string, Patch> = {};
  for (const [i, one] of taken.entries()) {
    const name = nameOf(one.heading, (name) => name in docs || systemNames.has(name), "field");
    fields[one.heading] = name;
    const names = one.heading === naming;
    docs[name] = {
      ...fieldOf(names ? "text" : one.type, one.label.trim() || one.heading, (i + 1) * 10),
      ...(names ? { required: true } : settings(one)),
    };
  }
  const title = fields[naming] as string;
  const { made, patches } = objectOf(wanted, sets);
  const listed = [title, ...Object.keys(docs).filter((name) => name !== title)].slice(0, 7);
  return {
    made: made.map((one) => {
      if (one.kind === "object") return { ...one, name_field: title, fields: docs };
      if (one.kind === "view") return { ...one, columns: listed, sort: [title] };
      return { ...one, ...onPage(one, Object.keys(docs)) };
    }),
    patches,
    fields,
  };
}

/** The fields of a file on the one section of a page. */
function onPage(layout: Patch, names: string[]): Patch {
  const tabs = layout.tabs as { details: { sections: { main: Patch } } };
  const { details } = tabs;
  const orders = Object.fromEntries([...names, "owner"].map((name, i) => [name, { order: (i + 1) * 10 }]));
  return { tabs: { details: { ...details, sections: { main: { ...details.sections.main, fields: orders } } } } };
}
