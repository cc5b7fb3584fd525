// Which questions are kept in the browser, and how much of it.
import type { QueryKey } from "@tanstack/react-query";
import type { Entry } from "./database";

/** How what is kept is used: shown at once, and then asked for; or only where the server can't be reached. */
export interface Way {
  use: "first" | "instead";
  /** What goes together; "" for what stands for itself. */
  group: string;
}

/** Of a list its beginning is kept, so that who scrolls far does not push out what else was read. */
const pages = 5;
const partsOfRecord = new Set([undefined, "page", "form", "history"]);

/** How the answer to a question is kept; undefined for one that isn't: what is being entered, searched or decided. */
export function wayOf([of, object, kind, ...rest]: QueryKey, tenant: string): Way | undefined {
  if (of !== tenant) return undefined;
  if (object === "notifications") return { use: "first", group: "" };
  if (object === "names") return { use: "instead", group: "" };
  if (kind === "uses") return { use: "first", group: "" };
  if (kind === "list" && rest[0] === "related") return { use: "instead", group: groupOf(rest[1], rest[2]) };
  if (kind === "list") return typeof rest[1] === "number" && rest[1] >= pages ? undefined : { use: "first", group: "" };
  if (kind === "record" && partsOfRecord.has(rest[1] as string | undefined) && rest[0] !== "several")
    return { use: "instead", group: groupOf(object, rest[0]) };
  return undefined;
}

const groupOf = (object: unknown, id: unknown) => `${object}/${id}`;

export interface Limits {
  records: number;
  /** Of what stands for itself: pages of lists, sums, names. */
  others: number;
  bytes: number;
  /** Of one part. */
  part: number;
}

export const limits: Limits = { records: 200, others: 300, bytes: 20 << 20, part: 1 << 20 };

/** The parts that are too many, those that were used last staying. */
export function surplus(entries: Entry[], { records, others, bytes }: Limits): string[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = entry.group || entry.hash;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  const used = (of: Entry[]) => Math.max(...of.map((one) => one.used));
  const newest = [...groups.values()].sort((a, b) => used(b) - used(a));
  const left = { records, others, bytes };
  const drops: string[] = [];
  for (const of of newest) {
    const kind = of[0]?.group ? "records" : "others";
    const size = of.reduce((sum, one) => sum + one.bytes, 0);
    if (left[kind] > 0 && left.bytes >= size) {
      left[kind]--;
      left.bytes -= size;
    } else drops.push(...of.map((one) => one.hash));
  }
  return drops;
}
