import { say } from "~/meta/documents";
import type { Field } from "~/meta/model";

const colours = ["gray", "blue", "teal", "green", "yellow", "orange", "red", "purple"];
/** Names of colours that documents use for one of the eight pairs. */
const known: Record<string, string> = {
  grey: "gray",
  amber: "yellow",
  indigo: "purple",
  violet: "purple",
  cyan: "teal",
  lime: "green",
  pink: "red",
};

/** The label of an option; a value that is none of them is its own. */
export const optionLabel = (field: Field, value: string, language: string): string => {
  const option = field.options.find((one) => one.name === value);
  return option ? say(option.label, language, value) : value;
};

/** The option that a text names, by its label or its name; undefined where it names none. */
export const optionNamed = (field: Field, text: string, language: string): string | undefined => {
  const plain = text.trim().toLowerCase();
  return field.options.find((one) =>
    [say(one.label, language, one.name), one.name].some((t) => t.toLowerCase() === plain),
  )?.name;
};

/** The texts of a list that is written in one line. */
export const listed = (text: string): string[] =>
  text
    .split(/[;,、，；\n]/)
    .map((one) => one.trim())
    .filter(Boolean);

export const optionColour = (field: Field, value: string): string => {
  const colour = field.options.find((one) => one.name === value)?.color ?? "gray";
  const named = known[colour] ?? colour;
  return colours.includes(named) ? named : "gray";
};

/** An option as a coloured word. */
export const chip = (field: Field, value: string, language: string) => (
  <span className="chip" data-colour={optionColour(field, value)} key={value}>
    {optionLabel(field, value, language)}
  </span>
);

/** What an input offers: active options, those offered now, and what is chosen at present. */
export const choices = (field: Field, language: string, chosen: string[], offered?: string[]) =>
  field.options
    .filter((one) => chosen.includes(one.name) || (one.active !== false && (!offered || offered.includes(one.name))))
    .map((one) => ({ value: one.name, label: say(one.label, language, one.name) }));
