// How the cells of a column are edited: by text, or by choosing.

import { refusal, type Stored } from "~/api/client";
import { list } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { findFor } from "~/fields/find";
import { choices as optionChoices } from "~/fields/options";
import { readable, readText } from "~/fields/reading";
import type { Column, Model, ObjectModel } from "~/meta/model";
import type { GridEdit } from "~/ui/grid";
import type { Edit, Edits } from "./useEdits";
import { isDraft } from "./useEdits";

/** The sentences that editing needs. */
export interface Says {
  computed: string;
  noRight: string;
  elsewhere: string;
  required: string;
  noSuch: string;
  unreadable(shows: string): string;
}

const modes: Record<string, GridEdit<Stored>["inputMode"]> = {
  number: "decimal",
  currency: "decimal",
  percent: "decimal",
  email: "email",
  phone: "tel",
  url: "url",
};

/** Whether the cells of a column may be edited, else why not. */
export function mayEdit(object: ObjectModel, column: Column, says: Says): true | string {
  const { field, path } = column;
  if (path.includes(".")) return says.elsewhere;
  if (!object.can.update || !field.editable)
    return field.doc.read_only || field.type !== field.shows ? says.computed : says.noRight;
  if (field.targets.length > 1 || !readable(field)) return says.elsewhere;
  return true;
}

/** The change that makes a row have a value in a column. A row that is not saved yet is sent whole. */
export function editOf(row: Stored, column: Column, value: unknown, name?: string | null, typed?: string): Edit {
  const own = isDraft(row)
    ? Object.fromEntries(Object.entries(row).filter(([key]) => key !== "id" && !key.includes(".")))
    : {};
  return {
    row,
    values: { ...own, [column.path]: value },
    names: column.namePath ? { [column.namePath]: name ?? null } : undefined,
    typed: typed === undefined ? undefined : { [column.path]: typed },
  };
}

export function cellEdit(
  model: Model,
  object: ObjectModel,
  column: Column,
  formats: Formats,
  edits: Edits,
  says: Says,
): GridEdit<Stored> {
  const { field, path } = column;
  const may = mayEdit(object, column, says);
  const store = (row: Stored, value: unknown, name?: string | null, typed?: string) =>
    void edits.write([editOf(row, column, value, name, typed)]);
  const base = { may: () => may, inputMode: modes[field.shows] };
  if (field.shows === "checkbox")
    return { ...base, commit: () => undefined, toggle: (row) => store(row, row[path] !== true) };

  const reference = field.targets.length === 1;
  const options = field.shows === "picklist";
  return {
    ...base,
    commit(row, text, choice) {
      if (choice) store(row, choice.value, choice.label, choice.label);
      else if (text.trim() === "") store(row, null, null, "");
      else if (reference) return says.noSuch;
      else {
        const value = readText(field, text, formats);
        if (value === undefined) return options ? says.noSuch : says.unreadable(field.shows);
        store(row, value, undefined, text);
      }
    },
    choices: reference
      ? async (row, typed, signal) => {
          const of = isDraft(row) ? { data: {} } : { data: {}, id: row.id as string };
          const found = await findFor(model, object, field.name, of)(typed, signal);
          return found.map(({ id, name, about }) => ({ value: id, label: name, about }));
        }
      : options
        ? async (row, typed) => {
            const plain = typed.toLowerCase();
            const all = optionChoices(field, formats.language, typeof row[path] === "string" ? [row[path]] : []);
            const by = (test: (label: string) => boolean) => all.filter((one) => test(one.label.toLowerCase()));
            return [...new Set([...by((l) => l.startsWith(plain)), ...by((l) => l.includes(plain))])];
          }
        : undefined,
  };
}

/** The ids of records by their names, for references that are pasted. Names that several have are none. */
export async function idsOf(model: Model, target: string, names: string[]): Promise<Map<string, string>> {
  const name = model.objects.get(target)?.nameField;
  const found = new Map<string, string | undefined>();
  if (!name) return new Map();
  for (let i = 0; i < names.length; i += 200) {
    const some = names.slice(i, i + 200).map((one) => JSON.stringify(one));
    try {
      const page = await list(target, { filter: `${name} in [${some.join(", ")}]`, fields: ["id", name], limit: 500 });
      for (const item of page.items) {
        const key = String(item[name]);
        found.set(key, found.has(key) ? undefined : (item.id as string));
      }
    } catch (error) {
      if (!refusal(error)) throw error;
    }
  }
  return new Map([...found].flatMap(([key, id]) => (id ? [[key, id] as const] : [])));
}

export const shownText = (row: Stored, { path, field, namePath }: Column, formats: Formats): string =>
  row[path] === null || row[path] === undefined
    ? ""
    : typeOf(field.shows).text(row[path], { field, formats, name: namePath && (row[namePath] as string | null) });
