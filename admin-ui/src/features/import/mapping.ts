// Where the columns of a file go, as the page has it and as the server takes it.
import type { Options, Preview, Source } from "~/api/imports";
import type { Field, Model, ObjectModel } from "~/meta/model";

/** Where a column goes. */
export interface Target {
  /** Empty: the column is left out. */
  field: string;
  /** Of what was guessed; undefined once a person chose. */
  certainty?: number;
  match?: string;
  format?: string;
  /** Cell → what is taken in its place; empty: nothing. */
  values: Record<string, string>;
}

export interface Choices {
  sheet?: string;
  /** The field by which records are found that are there; empty: all rows make new ones. */
  key: string;
  anyStage: boolean;
  /** Of each column. */
  targets: Target[];
}

/** What was guessed; `known` says the field of a heading for certain. */
export const guessed = (preview: Preview, known: Record<string, string> = {}): Target[] =>
  preview.columns.map(({ heading, field, certainty, source }) => {
    if (known[heading] && known[heading] !== field) return { field: known[heading], certainty: 1, values: {} };
    const { match, format } = typeof source === "object" ? source : {};
    return { field: field ?? "", certainty, match, format, values: {} };
  });

/** What the server is asked to do. */
export function optionsOf(object: string, preview: Preview, choices: Choices, withValues = true): Options {
  const fields: Record<string, Source> = {};
  preview.columns.forEach(({ heading }, i) => {
    const target = choices.targets[i];
    if (!target?.field) return;
    const values = withValues && Object.keys(target.values).length > 0 ? target.values : undefined;
    fields[target.field] = { column: heading, match: target.match, format: target.format, values };
  });
  const key = choices.key && fields[choices.key] ? [choices.key] : undefined;
  return {
    object,
    mode: key ? "upsert" : "create",
    key,
    sheet: choices.sheet,
    any_stage: choices.anyStage || undefined,
    fields,
  };
}

/** The fields that a column may go to. */
export const fillable = (object: ObjectModel): Field[] =>
  [...object.fields.values()].filter((field) => field.editable).sort((a, b) => a.label.localeCompare(b.label));

/** Fields by which records are told apart; of a reference, those of the object that it leads to. */
export const naming = (object: ObjectModel | undefined): Field[] =>
  object
    ? [...object.fields.values()].filter(
        (f) => f.name === object.nameField || ["email", "auto_number"].includes(f.type) || f.doc.unique === true,
      )
    : [];

/** The object that a column's reference leads to. */
export const targetOf = (model: Model, field: Field | undefined): ObjectModel | undefined =>
  field?.targets.length === 1 ? model.objects.get(field.targets[0] as string) : undefined;

export const dayFormats = ["m/d/yyyy", "d/m/yyyy", "d.m.yyyy", "d-m-yyyy", "m-d-yyyy", "m/d/yy", "d/m/yy", "d.m.yy"];

/** A column goes to another field now, which no other column goes to. */
export function redirect(model: Model, object: ObjectModel, targets: Target[], column: number, name: string): Target[] {
  const field = object.fields.get(name);
  const match = targetOf(model, field)?.nameField;
  return targets.map((target, i) => {
    if (i === column) return { field: name, match: match === "id" ? undefined : match, values: {} };
    return target.field === name ? { field: "", values: {} } : target;
  });
}

/** How sure a guess is, in words. */
export const sure = (certainty: number): "sure" | "likely" | "perhaps" =>
  certainty >= 0.85 ? "sure" : certainty >= 0.6 ? "likely" : "perhaps";
