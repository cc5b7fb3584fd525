// Rows of a file that an object was made of: they wait in an upload until the object is published. The browser remembers
// them as long as the server keeps the upload.
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
const keyOf = (tenant: string, object: string) => `formwork.rows.${tenant}.${object}`;

export const keepWaiting = (tenant: string, object: string, rows: Omit<Waiting, "until">) =>
  localStorage.setItem(keyOf(tenant, object), JSON.stringify({ ...rows, until: Date.now() + day }));

export const dropWaiting = (tenant: string, object: string) => localStorage.removeItem(keyOf(tenant, object));

/** What waits for an object; undefined: nothing, or no more. */
export const waitingFor = (tenant: string, object: string): Waiting | undefined =>
  allWaiting(tenant).find((one) => one.object === object);

/** All that waits. What the server keeps no more is forgotten. */
export function allWaiting(tenant: string): (Waiting & { object: string })[] {
  const begins = keyOf(tenant, "");
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
