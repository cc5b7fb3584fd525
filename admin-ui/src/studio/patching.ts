// Merge patches (RFC 7396) of documents: what designers say, and nothing besides.
import type { Patch } from "~/api/drafts";

export type Json = unknown;

const isObject = (v: Json): v is { [member: string]: Json } => typeof v === "object" && v !== null && !Array.isArray(v);

/** A value with a patch laid on it. It changes neither. */
export function patched(value: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const out: { [member: string]: Json } = isObject(value) ? { ...value } : {};
  for (const [name, change] of Object.entries(patch))
    if (change === null) delete out[name];
    else out[name] = patched(out[name], change);
  return out;
}

/** The smallest patch that makes one value of another; undefined where they are the same. */
export function difference(before: Json, after: Json): Json | undefined {
  if (same(before, after)) return undefined;
  if (!isObject(before) || !isObject(after)) return after;
  const patch: Patch = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const change = name in before ? difference(before[name], value) : value;
    if (change !== undefined) patch[name] = change;
  }
  return patch;
}

/** Whether two values say the same; the order of members says nothing. */
export function same(a: Json, b: Json): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((v, i) => same(v, b[i]));
  if (isObject(a)) {
    if (!isObject(b)) return false;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
  }
  return a === b;
}

/** The patch that gives the place at some steps a value; undefined takes it away. */
export const patchAt = (steps: string[], value: Json | undefined): Patch =>
  steps.reduceRight<Json>((inner, step) => ({ [step]: inner }), value === undefined ? null : value) as Patch;

/** A value with something else at a place in it; undefined takes that away. What is not on the way stays the same. */
export function withAt(value: Json, [step, ...inner]: string[], set: Json | undefined): Json {
  if (step === undefined) return set;
  if (Array.isArray(value)) {
    const list = [...value];
    if (inner.length === 0 && set === undefined) list.splice(Number(step), 1);
    else list[Number(step)] = withAt(list[Number(step)], inner, set);
    return list;
  }
  const { [step]: one, ...others } = isObject(value) ? value : {};
  const next = withAt(one, inner, set);
  // A member keeps its place, so that documents can be compared by eye.
  if (next !== undefined && isObject(value) && step in value) return { ...value, [step]: next };
  return next === undefined ? others : { ...others, [step]: next };
}

/** What is at a place. */
export const valueAt = (value: Json, steps: string[]): Json =>
  steps.reduce<Json>((at, step) => (isObject(at) ? at[step] : undefined), value);

/** The steps of a JSON pointer. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Names of fields that every object has of itself. */
export const systemNames: ReadonlySet<string> = new Set([
  "id",
  "version",
  "created_at",
  "created_by",
  "updated_at",
  "updated_by",
  "owner",
  "record_type",
]);

/** A name as documents have them, made of what somebody calls it: of letters of other scripts nothing is left. */
export function nameOf(label: string, taken: (name: string) => boolean, fallback: string): string {
  const plain = label
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 50);
  const base = plain || fallback;
  for (let i = 1; ; i++) {
    const name = i === 1 && plain ? base : `${base}_${i}`;
    if (!taken(name)) return name;
  }
}
