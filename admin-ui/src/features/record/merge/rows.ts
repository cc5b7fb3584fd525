import type { Stored } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import { same } from "../same";

const never = new Set(["secret", "file", "image"]); // nobody sees those, and these stay with their record

/** The fields that can be set and in which records differ, in the order of the object. */
export const differing = (object: ObjectModel, records: Stored[]): string[] =>
  [...object.fields.values()]
    .filter((field) => field.editable && !never.has(field.type))
    .map((field) => field.name)
    .filter((name) => records.some((one) => !same(one[name], records[0]?.[name])));

/** Whose value of each field is taken at first: that of the record that stays, else of the first that has one. */
export const fill = (fields: string[], records: Stored[]): Record<string, string> =>
  Object.fromEntries(
    fields.map((name) => {
      const has = records.find((one) => one[name] !== null && one[name] !== undefined);
      return [name, (has ?? (records[0] as Stored)).id];
    }),
  );
