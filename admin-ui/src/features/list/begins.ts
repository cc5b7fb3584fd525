// Where the pages of a list begin. A page begins where the one before ended, as its cursor says; one that is far from
// all that is known begins behind so many rows, which costs the server more the farther it is.

export const pageSize = 100;

/** A cursor, or how many rows come before. */
export type Beginning = string | number;

/** By the numbers of the pages, but for the first, which begins the list; null: the page before is the last. */
export type Begins = ReadonlyMap<number, Beginning | null>;

export const nowhere: Begins = new Map();

const beginning = (begins: Begins, page: number) => (page === 0 ? 0 : begins.get(page));

/**
 * Which of the pages of a range can be read now, and of the one or more that are before it. What follows a page is
 * known once that has been read.
 */
export function readable(begins: Begins, from: number, to: number, before: number): { page: number; at: Beginning }[] {
  const pages: { page: number; at: Beginning }[] = [];
  for (let page = Math.max(0, from - before); page < from; page++) {
    const at = beginning(begins, page);
    if (at !== undefined && at !== null) pages.push({ page, at });
  }
  for (let page = from; page <= to; page++) {
    const at = beginning(begins, page);
    if (at === null) break;
    if (at !== undefined) pages.push({ page, at });
    else if (page === from && beginning(begins, page - 1) === undefined) pages.push({ page, at: page * pageSize });
  }
  return pages;
}

/** What is known once a page has been read that began somewhere; the same where that is nothing new. */
export function learned(begins: Begins, page: number, at: Beginning, next: string | null): Begins {
  const after = begins.get(page + 1);
  const follows = typeof after === "number" && next !== null ? after : next;
  if (after === follows && (page === 0 || begins.get(page) === at)) return begins;
  const now = new Map([...begins].filter(([one]) => one <= page));
  if (page > 0) now.set(page, at);
  now.set(page + 1, follows);
  if (next === null) return now;
  // Pages farther on stay where they began behind a number of rows, with those that followed by cursors.
  let counted = typeof follows === "number";
  for (const [one, begun] of [...begins].sort(([a], [b]) => a - b)) {
    if (one <= page + 1) continue;
    counted ||= typeof begun === "number" || after === follows;
    if (counted) now.set(one, begun);
  }
  return now;
}

/** The last page if that is known, else the farthest that something is known of. */
export function farthest(begins: Begins): { page: number; last: boolean } {
  let page = 0;
  for (const [one, at] of begins) {
    if (at === null) return { page: one - 1, last: true };
    page = Math.max(page, one);
  }
  return { page, last: false };
}
