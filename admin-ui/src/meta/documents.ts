// What the pages read of the configuration's documents. The server checks them; here they are only typed.
import type { Schemas } from "~/api/client";
import type { Unit } from "./days";

/** A text that people read: one, or one a language. */
export type Label = string | Record<string, string> | undefined;

export interface Head {
  kind: string;
  name: string;
  label?: Label;
  description?: Label;
  icon?: string;
  order?: number;
}

export interface OptionDoc {
  label?: Label;
  color?: string;
  order?: number;
  active?: boolean;
  for?: string[];
}

export interface FieldDoc {
  type: string;
  label?: Label;
  help?: Label;
  order?: number;
  required?: boolean | string;
  unique?: boolean;
  read_only?: boolean;
  result?: string;
  scale?: number;
  currency?: string;
  max_length?: number;
  mask?: string;
  object?: string;
  objects?: string[];
  options?: Record<string, OptionDoc>;
  picklist?: string;
  depends_on?: string;
  fields?: Record<string, FieldDoc>;
  max?: number;
  max_size?: number;
  max_rows?: number;
  types?: string[];
}

export interface StageDoc {
  order?: number;
  outcome?: string;
  to?: Record<string, unknown>;
  required?: string[];
}

export interface ObjectDoc extends Head {
  label_plural?: Label;
  name_field?: string;
  search?: string[];
  fields: Record<string, FieldDoc>;
  stages?: { field: string; stages: Record<string, StageDoc> };
  record_types?: Record<string, { label?: Label; order?: number }>;
  field_sets?: Record<string, { fields: string[] }>;
}

export interface PicklistDoc extends Head {
  options: Record<string, OptionDoc>;
}

/** What is told of several records; a text alone is a field that is added up. */
export type SumDoc = string | Schemas["MeasureOf"];

export interface ViewDoc extends Head {
  object: string;
  columns: string[];
  filter?: string;
  sort?: string[];
  group?: string;
  sum?: SumDoc[];
  show?: string;
  start?: string;
  end?: string;
  picture?: string;
  chart?: string;
  by?: Unit;
}

export interface WidgetDoc {
  label?: Label;
  order?: number;
  width?: number;
  type: string;
  object?: string;
  filter?: string;
  columns?: string[];
  sort?: string[];
  limit?: number;
  group?: string;
  by?: Unit;
  chart?: string;
  sum?: SumDoc[];
}

export interface DashboardDoc extends Head {
  widgets: Record<string, WidgetDoc>;
}

export interface SectionDoc {
  label?: Label;
  columns?: number;
  order?: number;
  field_set?: string;
  fields?: Record<string, { order?: number; wide?: boolean }>;
}

export interface TabDoc {
  label?: Label;
  order?: number;
  sections?: Record<string, SectionDoc>;
}

export interface RelatedDoc {
  label?: Label;
  object: string;
  lookup: string;
  /** The tab that it is in; absent: it is below all of them. */
  tab?: string;
  columns?: string[];
  sort?: string[];
  order?: number;
}

export interface LayoutDoc extends Head {
  object: string;
  highlights?: string[];
  tabs?: Record<string, TabDoc>;
  related?: Record<string, RelatedDoc>;
  record_type?: string;
  device?: string;
}

export interface AppDoc extends Head {
  items: Record<string, { label?: Label; object?: string; view?: string; order?: number }>;
}

/** A member of a collection with its name. */
export type Named<T> = T & { name: string };

/** The members of a collection in the order of people: by `order`, then by name. */
export function ordered<T extends { order?: number }>(of: Record<string, T> | undefined): Named<T>[] {
  return Object.entries(of ?? {})
    .map(([name, member]) => ({ ...member, name }))
    .sort(
      (a, b) =>
        (a.order ?? Number.POSITIVE_INFINITY) - (b.order ?? Number.POSITIVE_INFINITY) || (a.name < b.name ? -1 : 1),
    );
}

/** What a label says in a language, else in English, else in whichever it has, else `otherwise`. */
export function say(label: Label, language: string, otherwise: string): string {
  if (typeof label === "string") return label || otherwise;
  return label?.[language] || label?.en || Object.values(label ?? {})[0] || otherwise;
}
