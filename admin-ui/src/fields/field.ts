// The contract of a field type, and the registry of all: a type is a folder here.
import type { ComponentType, ReactNode } from "react";
import type { Field } from "~/meta/model";
import type { Formats } from "./formats";

/** What a value is shown with. */
export interface Shown {
  field: Field;
  formats: Formats;
  /** The name of the record that a reference leads to, where the answer has it. */
  name?: string | null;
}

export interface InputProps<V> {
  value: V | null;
  field: Field;
  formats: Formats;
  /** The name of what a reference leads to at present. */
  name?: string | null;
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
  candidates?(words: string, signal: AbortSignal): Promise<{ id: string; name: string }[]>;
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
  /** Absent: it can be shown and not entered. */
  Input?: ComponentType<InputProps<V>>;
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds types of all values
export type AnyFieldType = FieldType<any>;

/** Checks a field type where it is written. */
export const fieldType = <V>(type: FieldType<V>): FieldType<V> => type;

/** Text that can't be read as a value; `code` names the text that says so. */
export class Unreadable extends Error {
  constructor(readonly code: "number" | "date" | "duration") {
    super(code);
  }
}
