import type { FieldDoc, OptionDoc, PicklistDoc } from "~/meta/documents";
import type { Documents } from "~/studio/drafting";

/** The options of a choice: its own, or those of the picklist that it shares. */
export function optionsOf(documents: Documents | undefined, field: FieldDoc | undefined): Record<string, OptionDoc> {
  const shared = field?.picklist
    ? (documents?.get(`picklist/${field.picklist}`) as unknown as PicklistDoc | undefined)
    : undefined;
  return shared?.options ?? field?.options ?? {};
}
