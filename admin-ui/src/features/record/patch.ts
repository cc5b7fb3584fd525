// What is sent to change values: a merge patch, in which what is absent of an address or of JSON stays.
import type { ObjectModel } from "~/meta/model";

const merged = new Set(["address", "json"]);
type Members = Record<string, unknown>;
const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value with a null for each member that was there before and is no longer. */
function emptied(before: unknown, value: unknown): unknown {
  if (!isMembers(before) || !isMembers(value)) return value;
  const gone = Object.keys(before).filter((name) => !(name in value));
  return Object.fromEntries([
    ...Object.entries(value).map(([name, member]) => [name, emptied(before[name], member)]),
    ...gone.map((name) => [name, null]),
  ]);
}

/** What to send so that fields have these values, whatever they had before. */
export const patchOf = (object: ObjectModel, before: Members, values: Members): Members =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      merged.has(object.fields.get(name)?.type ?? "") ? emptied(before[name], value) : value,
    ]),
  );

/** Values as they may be shown and kept: of a secret only that there is one. */
export const withoutSecrets = (object: ObjectModel, values: Members): Members =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value !== null && object.fields.get(name)?.type === "secret" ? true : value,
    ]),
  );
