// A form for people outside, page by page, as far as the browser knows what is shown; the server decides.
import type { Field } from "~/meta/model";

export interface Step {
  label?: string;
  /** A condition on what is filled in before. */
  when?: string;
  inputs: { name: string; when?: string }[];
}

export interface Page {
  label: string | undefined;
  fields: Field[];
}

/** Whether a condition holds; undefined: only the server knows, and what it may show is shown. */
export type Holds = (condition: string, values: Record<string, unknown>) => boolean | undefined;

/** The pages that are shown, each with the fields that are: what is hidden counts as empty for what comes after it. */
export function pagesOf(steps: Step[], fields: Field[], values: Record<string, unknown>, holds: Holds): Page[] {
  const byName = new Map(fields.map((one) => [one.name, one]));
  const seen: Record<string, unknown> = {};
  const shows = (when: string | undefined) => !when || holds(when, seen) !== false;
  return steps.flatMap(({ label, when, inputs }) => {
    if (!shows(when)) return [];
    const shown = inputs.flatMap(({ name, when }) => {
      const field = byName.get(name);
      if (!field || !shows(when)) return [];
      seen[name] = values[name];
      return [field];
    });
    return shown.length > 0 ? [{ label, fields: shown }] : [];
  });
}

/** Whether a value is one that is filled in. */
export const isFilled = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
