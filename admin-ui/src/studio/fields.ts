// Fields as they are made: of which types, and what one of a type begins with.
import type { Patch } from "~/api/drafts";
import type { FieldDoc } from "~/meta/documents";
import type { Schema } from "./shape";

/** The types that are wanted most, first. */
const usual = [
  "text",
  "long_text",
  "number",
  "currency",
  "date",
  "checkbox",
  "picklist",
  "lookup",
  "email",
  "phone",
  "datetime",
  "user",
];

/** The types of fields that the schema of objects knows, those first that are wanted most. */
export function typesOf(schema: Schema): string[] {
  const field = (schema.$defs as Record<string, { properties?: { type?: { enum?: string[] } } }>)?.field;
  const types = field?.properties?.type?.enum ?? [];
  return [...usual.filter((one) => types.includes(one)), ...types.filter((one) => !usual.includes(one))];
}

/** What a field of a type begins with, so that it is one. */
export function fieldOf(type: string, label: string, order: number): FieldDoc & Patch {
  const begins: Record<string, Patch> = {
    picklist: { options: { first: { label: { en: "Option 1", zh: "选项 1" }, order: 10 } } },
    multi_picklist: { options: { first: { label: { en: "Option 1", zh: "选项 1" }, order: 10 } } },
    lookup: { object: "account" },
    any_lookup: { objects: ["account"] },
    formula: { result: "number", expression: "1" },
    children: { fields: { name: { type: "text", label: "…" } } },
    auto_number: { format: "{0000}" },
  };
  return { type, label, order, ...begins[type] };
}
