// Which fields are entered when a record is made, and which of them are asked for at first.
import { typeOf } from "~/fields";
import type { LayoutDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { placesOf, tabsOf } from "./layout";

type States = Record<string, { visible: boolean; required: boolean; read_only: boolean }>;

/** What may be entered of a new record, in the order of its page. */
export function enterableOf(object: ObjectModel, layout: LayoutDoc | undefined, states: States): string[] {
  const placed = tabsOf(object, layout).flatMap((tab) =>
    tab.sections.flatMap((section) => placesOf(object, section).map((one) => one.name)),
  );
  const first = object.fields.has("record_type") ? ["record_type"] : [];
  return [...new Set([...first, ...placed])].filter((name) => {
    const field = object.fields.get(name);
    return field?.editable && typeOf(field.shows).Input && states[name]?.visible !== false && !states[name]?.read_only;
  });
}

/** How many are asked for at first whatever they are. */
const least = 4;

/** Those that the short form asks for: the first ones, and whatever a record needs or begins with. */
export const shortOf = (
  object: ObjectModel,
  enterable: string[],
  states: States,
  values: Record<string, unknown>,
  also: (name: string) => unknown = () => false,
): string[] =>
  enterable.filter(
    (name, i) =>
      i < least ||
      name === object.nameField ||
      name === "record_type" ||
      states[name]?.required ||
      (values[name] !== undefined && values[name] !== null) ||
      name === object.doc.stages?.field ||
      also(name),
  );
