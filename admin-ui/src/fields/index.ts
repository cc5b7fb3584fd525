import type { AnyFieldType } from "./field";

const found = import.meta.glob<{ default: AnyFieldType }>("./*/index.tsx", { eager: true });
const types = new Map(Object.values(found).map(({ default: type }) => [type.type, type]));

/** The field type of a name. A type that an extension added and no folder here knows is shown as text. */
export const typeOf = (name: string): AnyFieldType => types.get(name) ?? (types.get("unknown") as AnyFieldType);

export const fieldTypes = [...types.keys()];
export * from "./field";
export { type Formats, formatsOf } from "./formats";
