// Rows of a file that an object was made of: they wait in an upload until the object is published. The browser remembers
// them as long as the server keeps the upload.
import type { Me } from "~/api/session";

export interface Waiting {
  upload: string;
  file: string;
  rows: number;
  /** The field that each heading became. */
  fields: Record<string, string>;
  /** The day on which the upload goes, in milliseconds. */
  until: number;
}

const day = 24 * 3600 * 1000;
/** Of a person, since nobody else may import them. */
type Of = Pick<Me, "tenant" | "user">;
const keyOf = ({ tenant, user }: Of, object: string) => `formwork.rows.${tenant}.${user.id}.${object}`;

export const keepWaiting = (of: Of, object: string, rows: Omit<Waiting, "until">) =>
  localStorage.setItem(keyOf(of, object), JSON.stringify({ ...rows, until: Date.now() + day }));

export const dropWaiting = (of: Of, object: string) => localStorage.removeItem(keyOf(of, object));

/** What waits for an object; undefined: nothing, or no more. */
export const waitingFor = (of: Of, object: string): Waiting | undefined =>
  allWaiting(of).find((one) => one.object === object);

/** All that waits. What the server keeps no more is forgotten. */
export function allWaiting(of: Of): (Waiting & { object: string })[] {
  const begins = keyOf(of, "");
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(begins))
    .sort()
    .flatMap((key) => {
      const rows = JSON.parse(localStorage.getItem(key) as string) as Waiting;
      if (rows.until > Date.now()) return { ...rows, object: key.slice(begins.length) };
      localStorage.removeItem(key);
      return [];
    });
}
