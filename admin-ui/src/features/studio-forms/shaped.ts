// Changes of a form by pointing: each makes a patch of its document, and says nothing of what it does not change.
import type { Patch } from "~/api/drafts";
import type { Label } from "~/meta/documents";
import { nameOf, patchAt, patched } from "~/studio/patching";

export interface AskedDoc {
  field?: string;
  field_set?: string;
  label?: Label;
  help?: Label;
  required?: boolean;
  visible_when?: string;
  step?: string;
}

export interface StepDoc {
  name: string;
  label?: Label;
  visible_when?: string;
}

export interface FormDoc {
  name: string;
  label?: Label;
  object: string;
  text?: Label;
  fields?: AskedDoc[];
  steps?: StepDoc[];
  consent?: { text?: Label };
  theme?: { accent?: string };
  embed?: string[];
  open?: boolean;
}

/** A step with what is asked on it, and where that is in the document; without steps it is all of the form. */
export interface Line {
  step: StepDoc | undefined;
  asked: { index: number; doc: AskedDoc }[];
}

export function linesOf(form: FormDoc): Line[] {
  const all = (form.fields ?? []).map((doc, index) => ({ index, doc }));
  const steps = form.steps ?? [];
  if (steps.length === 0) return [{ step: undefined, asked: all }];
  return steps.map((step, i) => ({
    step,
    asked: all.filter(({ doc }) => (doc.step ? doc.step === step.name : i === 0)),
  }));
}

const on = (asked: AskedDoc, step: string | undefined, form: FormDoc): AskedDoc => {
  const { step: _, ...rest } = asked;
  return step && step !== form.steps?.[0]?.name ? { ...rest, step } : rest;
};

/** Asks for a field, at the end of a step. */
export const adds = (form: FormDoc, field: string, step: string | undefined): Patch => ({
  fields: [...(form.fields ?? []), on({ field }, step, form)],
});

export const removes = (form: FormDoc, index: number): Patch => ({
  fields: (form.fields ?? []).filter((_, i) => i !== index),
});

/** Moves what is asked before another, or to the end of a step. */
export function moves(form: FormDoc, index: number, before: number | undefined, step: string | undefined): Patch {
  const all = form.fields ?? [];
  const one = all[index];
  if (!one || before === index) return {};
  const moved = on(one, step, form);
  const fields = all.flatMap((asked, i) => (i === index ? [] : i === before ? [moved, asked] : [asked]));
  return { fields: before === undefined ? [...fields, moved] : fields };
}

/** What is asked before and behind a field on its step, as its index; undefined: it is the first, or the last. */
export function neighbours(line: Line, index: number) {
  const at = line.asked.findIndex((one) => one.index === index);
  return { before: line.asked[at - 1]?.index, behind: line.asked[at + 1]?.index, beyond: line.asked[at + 2]?.index };
}

/** Says something of the entry of a list. */
export const says = (
  form: FormDoc,
  list: "fields" | "steps",
  index: number,
  path: string[],
  value: unknown,
): Patch => ({
  [list]: ((form[list] ?? []) as unknown[]).map((one, i) => (i === index ? patched(one, patchAt(path, value)) : one)),
});

/** Adds a step: the first makes two, for all that is asked stays on the one before it. */
export function addsStep(form: FormDoc, called: (step: number) => Label): Patch {
  const steps = form.steps ?? [];
  const make = (all: StepDoc[]): StepDoc[] => {
    const name = nameOf(`step ${all.length + 1}`, (taken) => all.some((one) => one.name === taken), "step");
    return [...all, { name, label: called(all.length + 1) }];
  };
  return { steps: make(steps.length === 0 ? make([]) : steps) };
}

/** Takes a step away; what was asked on it is asked on the first of the others. A form of one step has none. */
export function removesStep(form: FormDoc, index: number): Patch {
  const steps = form.steps ?? [];
  const gone = steps[index]?.name;
  const left = steps.filter((_, i) => i !== index);
  const first = left[0]?.name;
  const was = (asked: AskedDoc) => asked.step ?? steps[0]?.name;
  const after = { ...form, steps: left };
  const fields = (form.fields ?? []).map((one) =>
    on(one, was(one) === gone || left.length < 2 ? first : was(one), after),
  );
  return { steps: left.length < 2 ? null : left, fields };
}

/** Types of fields that people outside are asked for; of others the server says so. */
const askable = new Set(
  "text long_text number currency percent checkbox date datetime time duration email phone url picklist multi_picklist tags address link location".split(
    " ",
  ),
);
export const isAskable = (type: string, readOnly: boolean | undefined): boolean => askable.has(type) && !readOnly;
