// The contract of a field type, and the registry of all: a type is a folder here.
import type { ComponentType, ReactNode } from "react";
import type { Names } from "~/api/names";
import type { Field } from "~/meta/model";
import type { Formats } from "./formats";

/** What a value is shown with. */
export interface Shown {
  field: Field;
  formats: Formats;
  /** The name of the record that a reference leads to: null where it may not be seen, undefined where it was not asked for. */
  name?: string | null;
}

/** A record that may be chosen. */
export interface Choice {
  id: string;
  name: string;
  /** What tells it from others of its name. */
  about?: string;
}

/** What the form of the server says of the parts of a value, such as the rows of a table. */
export interface PartsState {
  /** The value with what is computed in it. */
  value?: unknown;
  /** What may be entered in the fields of each row. */
  rows?: Record<string, { required: boolean; read_only: boolean; options?: string[] }>[];
  /** What is wrong, by the place within the value, such as `/0/quantity`. */
  problems: { pointer: string; detail: string }[];
}

export interface InputProps<V> {
  value: V | null;
  field: Field;
  formats: Formats;
  /** The name of what a reference leads to at present. */
  name?: string | null;
  /** The names of what references inside of the value lead to. */
  names?: Names;
  parts?: PartsState;
  /** The options that may be chosen now; absent: all. */
  offered?: string[];
  problem?: string;
  autoFocus?: boolean;
  label?: string;
  required?: boolean;
  disabled?: boolean;
  onChange(value: V | null, name?: string | null): void;
  /** The person is done with this field: Enter, a choice. */
  onDone?(): void;
  /** What a reference may lead to is asked for with this. */
  candidates?(words: string, signal: AbortSignal): Promise<Choice[]>;
}

export interface FieldType<V> {
  type: string;
  /** Of a column, in pixels. */
  width: number;
  align?: "right";
  /** A value as it stands in a cell: plain, without hooks. */
  cell(value: V, at: Shown): ReactNode;
  /** A value as text, for titles and copies. */
  text(value: V, at: Shown): string;
  /**
   * Reads a text, as it is pasted; null is empty, undefined unreadable. What `text` writes is read as the value it
   * was. Absent: the type has no text that says all of a value.
   */
  parse?(text: string, at: Shown): V | null | undefined;
  /** Absent: it can be shown and not entered. */
  Input?: ComponentType<InputProps<V>>;
  /** The input is how the value is shown on a page too, such as a table; it takes the whole width. */
  stands?: true;
  /** A cell may hold something to follow, so the whole of it is no button. */
  follows?: true;
  /** One choice is the whole edit. */
  chosen?: true;
  /** A value of a field, for tests and samples. */
  sample(field: Field): V;
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds types of all values
export type AnyFieldType = FieldType<any>;

/** Checks a field type where it is written. */
export const fieldType = <V>(type: FieldType<V>): FieldType<V> => type;
