// Which type of fields has which operators in a filter: operators.ts in its folder.
import type { Operator } from "~/expr";

const found = import.meta.glob<{ default: Operator[] }>("./*/operators.ts", { eager: true });
const operators = new Map(Object.entries(found).map(([file, { default: of }]) => [file.split("/")[1] as string, of]));

/** The operators that a filter of fields of a type may have; none for what can't be filtered by people. */
export const operatorsOf = (type: string): Operator[] => operators.get(type) ?? [];
