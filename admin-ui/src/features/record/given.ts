// What an address gives a new record to begin with: values, and maybe the record that it is a copy of.
import type { Stored } from "~/api/client";
import { typeOf } from "~/fields";
import type { Column, ObjectModel } from "~/meta/model";
import type { Draft } from "./draft";

const copy = "*"; // no field has this name

const read = (text: string) => new URLSearchParams(text.replaceAll(";", "&"));

/** Values, as `account=…;source=web`. A reference to one of several objects is `object:id`. */
export function givenBy(object: ObjectModel, text: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of read(text)) {
    const type = object.fields.get(name)?.type;
    const [target, id] = value.split(":");
    if (type === "any_lookup" && target && id) values[name] = { object: target, id };
    else if (type) values[name] = value;
  }
  return values;
}

/** The id of the record that the new one is a copy of. */
export const originalOf = (text: string): string | undefined => read(text).get(copy) ?? undefined;

/** What an address says of a copy. */
export const copyOf = (id: string) => `${copy}=${id}`;

/**
 * What a copy of a record begins with. Not copied are keys, which there may be once, secrets, which nobody sees, files,
 * which are another record's, the stage, which a record begins anew, and its owner.
 */
export function cloneOf(object: ObjectModel, columns: Map<string, Column>, original: Stored): Draft {
  const draft: Draft = { values: {}, names: {} };
  for (const [name, { field, namePath }] of columns) {
    const value = original[name];
    const copied =
      field.editable &&
      typeOf(field.shows).Input &&
      name !== "owner" &&
      !field.doc.unique &&
      !["secret", "file", "image"].includes(field.type) &&
      name !== object.doc.stages?.field;
    if (!copied || value === null || value === undefined) continue;
    draft.values[name] = value;
    if (namePath) draft.names[name] = (original[namePath] as string | null | undefined) ?? null;
  }
  return draft;
}
