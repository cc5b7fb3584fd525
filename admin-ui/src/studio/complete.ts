// What may stand where somebody is writing an expression.
import type { FunctionHelp } from "~/api/expressions";
import { type FieldDoc, type ObjectDoc, type OptionDoc, say } from "~/meta/documents";

export interface Completion {
  /** What is written. */
  text: string;
  /** What people read. */
  label: string;
  says: string;
  is: "field" | "function" | "option" | "root";
}

export interface Known {
  /** The options that several fields share, by the name of the picklist. */
  picklists: Map<string, Record<string, OptionDoc>>;
  objects: Map<string, ObjectDoc>;
  functions: FunctionHelp[];
  language: string;
}

const system: Record<string, FieldDoc> = {
  owner: { type: "user", object: "user", label: { en: "Owner", zh: "负责人" } },
  created_at: { type: "datetime", label: { en: "Created", zh: "创建时间" } },
  created_by: { type: "user", object: "user", label: { en: "Created by", zh: "创建人" } },
  updated_at: { type: "datetime", label: { en: "Changed", zh: "修改时间" } },
  updated_by: { type: "user", object: "user", label: { en: "Changed by", zh: "修改人" } },
};
const fieldsOf = (object: ObjectDoc | undefined): Record<string, FieldDoc> =>
  object ? { ...object.fields, ...system } : {};
const most = 50;

/** The word that is being written before the caret, and the object that its dots lead to. */
function wordAt(before: string, start: ObjectDoc | undefined, { objects }: Known) {
  const word = /[A-Za-z_][\w.]*$/.exec(before)?.[0] ?? "";
  const steps = word.split(".");
  const typed = steps.pop() ?? "";
  let at = start;
  let through = false;
  for (const [i, step] of steps.entries()) {
    through = true;
    if (i === 0 && step === "user") at = objects.get("user");
    else if (i === 0 && step === "old") at = start;
    else at = objects.get(fieldsOf(at)[step]?.object ?? "");
    if (!at) break;
  }
  return { typed, at, through };
}

/** The completions of what is written before the caret, those that begin so first. */
export function completionsOf(before: string, object: string, known: Known): { typed: string; all: Completion[] } {
  const { objects, functions, language } = known;
  const start = objects.get(object);
  const option = optionsAt(before, start, known);
  if (option) return option;
  if (/"[^"]*$/.test(before.replace(/"[^"]*"/g, ""))) return { typed: "", all: [] }; // within a text
  const { typed, at, through } = wordAt(before, start, known);
  const fields = Object.entries(fieldsOf(at)).map(
    ([name, field]): Completion => ({
      text: name,
      label: say(field.label, language, name),
      says: field.type,
      is: "field",
    }),
  );
  const roots: Completion[] = through
    ? []
    : [
        { text: "user", label: "user", says: "", is: "root" },
        ...functions.map((f): Completion => ({ text: `${f.name}(`, label: f.form, says: f.says, is: "function" })),
      ];
  const wanted = typed.toLowerCase();
  const rank = ({ text, label }: Completion) =>
    text.toLowerCase().startsWith(wanted)
      ? 0
      : label.toLowerCase().startsWith(wanted)
        ? 1
        : label.toLowerCase().includes(wanted)
          ? 2
          : 3;
  const all = [...fields, ...roots]
    .map((one) => ({ one, rank: rank(one) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one)
    .filter(({ text }) => text !== typed);
  return { typed, all: typed === "" && !through ? [] : all.slice(0, most) };
}

/** The options of a choice that a text is compared with: stage == "w… */
function optionsAt(
  before: string,
  start: ObjectDoc | undefined,
  known: Known,
): { typed: string; all: Completion[] } | undefined {
  const compared = /([A-Za-z_][\w.]*)\s*(?:==|!=|(?:not\s+)?in\s*\[(?:\s*"[^"]*"\s*,)*)\s*"([^"]*)$/.exec(before);
  if (!compared) return undefined;
  const [, path = "", typed = ""] = compared;
  const { typed: name, at } = wordAt(path, start, known);
  const field = fieldsOf(at)[name];
  const options = field?.options ?? known.picklists.get(field?.picklist ?? "");
  if (!options) return undefined;
  const all = Object.entries(options)
    .map(
      ([name, option]): Completion => ({
        text: `${name}"`,
        label: say(option.label, known.language, name),
        says: "",
        is: "option",
      }),
    )
    .filter(({ text, label }) => text.startsWith(typed) || label.toLowerCase().includes(typed.toLowerCase()));
  return { typed, all: all.slice(0, most) };
}
