import { type Formats, typeOf } from "~/fields";
import type { Field } from "~/meta/model";

/** Reads a text as a value of a field; null is empty, undefined unreadable. What says something is never empty. */
export function readText(field: Field, text: string, formats: Formats): unknown {
  const value = typeOf(field.shows).parse?.(text, { field, formats });
  return value === null && text.trim() !== "" ? undefined : value;
}

/** Whether values of a field can be entered as text, in a cell or by pasting. */
export const readable = (field: Field): boolean => field.targets.length > 0 || !!typeOf(field.shows).parse;
