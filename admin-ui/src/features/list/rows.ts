// The rows of a list, of which only a window is in memory.
import { type QueryClient, useQueries, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Stored } from "~/api/client";
import { type ListQuery, list } from "~/api/records";
import { type Beginning, type Begins, farthest, learned, nowhere, pageSize, readable } from "./begins";

/** Pages in sight and around it; with the first ones, which stay for a while, at most 2,000 rows are kept. */
const around = 2;
const first = 12;
/** The next page is read when the attention is so many lines before it. */
const ahead = 40;

/** A part of a list with its own pages: the whole of it, or a group. */
export interface Segment {
  id: string;
  query: ListQuery;
  /** How many rows it has; absent: the first page says it. */
  count?: number;
  /** A group has a head, and shows its rows while it is open. */
  head?: { open: boolean; shows: ReactNode };
}

export interface Rows {
  /** Lines: heads of groups, and rows. */
  count: number;
  at(line: number): { segment: Segment; head: true } | { segment: Segment; head: false; row: Stored | undefined };
  /** The line of a row that is in memory; -1 for another. */
  lineOf(id: string): number;
  /** The rows that are in memory, in their order. */
  loaded: Stored[];
  total: number | undefined;
  more: boolean;
  pending: boolean;
  /** What is shown answers what was asked before. */
  old: boolean;
  /** The attention went past what is counted for every list. */
  deep: boolean;
  error: unknown;
  want(from: number, to: number): void;
  again(): void;
}

interface Page {
  items: Stored[];
  next?: string | null;
  total?: number;
  total_more?: boolean;
}

const count = (segment: Segment, pages: Map<number, Page>, begins: Begins): number => {
  if (segment.head && !segment.head.open) return 0;
  const { page, last } = farthest(begins);
  const end = last ? pages.get(page) : undefined;
  if (end) return page * pageSize + end.items.length;
  if (segment.count !== undefined) return segment.count;
  return Math.max(pages.get(0)?.total ?? 0, last ? 0 : page * pageSize + 1);
};

const none: Segment[] = [];
/** Where lines are before anything is known of their segments. */
const unknown = { segment: { id: "", query: {} } satisfies Segment as Segment, start: 0 };

/** Reads the pages of the segments that are wanted; while the segments are not known, what was shown stays. While `held`, what is shown is not read anew. */
export function useRows(key: unknown[], object: string, given: Segment[] | undefined, held: boolean): Rows {
  const cache = useQueryClient();
  const segments = given ?? none;
  const name = JSON.stringify([key, segments.map((s) => [s.id, s.query])]);
  const [wanted, setWanted] = useState<[number, number]>([0, 40]);
  const [begins, setBegins] = useState<{ name: string; of: Record<string, Begins> }>({ name, of: {} });
  const pages = useRef(new Map<string, Map<number, Page>>());
  const shown = useRef<{
    name: string;
    segments: Segment[];
    pages: Map<string, Map<number, Page>>;
    begins: Record<string, Begins>;
  }>(undefined);

  // Another question begins without pages; the old ones are shown until the first new one is here.
  const of = begins.name === name ? begins.of : {};
  const place = useRef(name);
  if (place.current !== name) {
    place.current = name;
    pages.current = new Map();
  }
  const asked = useMemo(() => {
    const found: { segment: Segment; page: number; at: Beginning }[] = [];
    let line = 0;
    for (const segment of segments) {
      const known = of[segment.id] ?? nowhere;
      if (segment.head) line++;
      const read = pages.current.get(segment.id) ?? new Map<number, Page>();
      const rows = count(segment, read, known);
      const [from, to] = [wanted[0] - line, wanted[1] - line];
      line += rows;
      const open = !segment.head || segment.head.open;
      const counted = !read.get(0)?.total_more || farthest(known).last;
      if (!open || to < 0 || (from > rows && rows > 0 && counted)) continue;
      const last = Math.floor((Math.max(0, to) + ahead) / pageSize);
      const begun = Math.max(0, Math.floor(from / pageSize));
      for (const one of readable(known, begun, last, around)) found.push({ segment, ...one });
    }
    return found;
  }, [segments, of, wanted]);

  const queries = asked.map(({ segment, page, at }) => ({
    queryKey: [...key, "list", segment.query, page, at || null],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      list(
        object,
        {
          ...segment.query,
          ...(typeof at === "string" ? { cursor: at } : { skip: at || undefined }),
          limit: pageSize,
          count: at || segment.count !== undefined ? undefined : "true",
        },
        signal,
      ) as Promise<Page>,
    gcTime: page < first ? 300_000 : 0,
    enabled: !(held && pages.current.get(segment.id)?.has(page)),
  }));
  // The first rows are asked for before the page around them is drawn, and not once it is.
  const [beginning] = queries;
  const begun = useRef<string>(undefined);
  if (beginning?.enabled && begun.current !== name) {
    begun.current = name;
    if (!cache.getQueryState(beginning.queryKey)) void cache.prefetchQuery(beginning);
  }
  const results = useQueries({ queries });
  // What has come is kept by page, and says where the next page begins.
  let came = false;
  for (const [i, { segment, page }] of asked.entries()) {
    const data = results[i]?.data;
    if (!data) continue;
    const kept = pages.current.get(segment.id) ?? new Map<number, Page>();
    pages.current.set(segment.id, kept);
    if (kept.get(page) !== data) {
      kept.set(page, data);
      for (const other of kept.keys())
        if (!asked.some((one) => one.segment.id === segment.id && one.page === other) && other >= first)
          kept.delete(other);
    }
    came = true;
  }
  useEffect(() => {
    let next = of;
    for (const [i, { segment, page, at }] of asked.entries()) {
      const data = results[i]?.data;
      const known = next[segment.id] ?? nowhere;
      const now = data ? learned(known, page, at, data.next ?? null) : known;
      if (now !== known) next = { ...next, [segment.id]: now };
    }
    if (next !== of) setBegins({ name, of: next });
  });
  const error = results.find((r) => r.error)?.error;
  const pending = !given || (!came && !error && segments.some((s) => !s.head || s.head.open));
  if (!pending) shown.current = { name, segments, pages: pages.current, begins: of };
  const show = shown.current ?? { name, segments, pages: pages.current, begins: of };

  const want = useCallback((from: number, to: number) => {
    setWanted((now) =>
      Math.floor(now[0] / 20) === Math.floor(from / 20) && Math.floor(now[1] / 20) === Math.floor(to / 20)
        ? now
        : [from, Math.max(to, from + 40)],
    );
  }, []);
  const again = useCallback(() => void cache.invalidateQueries({ queryKey: [...key, "list"] }), [cache, key]);

  const starts: { segment: Segment; start: number; rows: number }[] = [];
  let lines = 0;
  for (const segment of show.segments) {
    const rows = count(segment, show.pages.get(segment.id) ?? new Map(), show.begins[segment.id] ?? nowhere);
    starts.push({ segment, start: lines, rows });
    lines += rows + (segment.head ? 1 : 0);
  }
  const rowAt = (segment: Segment, i: number) =>
    show.pages.get(segment.id)?.get(Math.floor(i / pageSize))?.items[i % pageSize];
  const only =
    segments.length === 1 && !segments[0]?.head ? pages.current.get(segments[0]?.id ?? "")?.get(0) : undefined;
  return {
    count: pending && !shown.current ? 20 : lines,
    at(line) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle]?.start ?? 0) <= line) low = middle;
        else high = middle - 1;
      }
      const { segment, start } = starts[low] ?? unknown;
      if (segment.head && line === start) return { segment, head: true };
      return { segment, head: false, row: rowAt(segment, line - start - (segment.head ? 1 : 0)) };
    },
    lineOf(id) {
      for (const { segment, start, rows } of starts)
        for (const [page, { items }] of show.pages.get(segment.id) ?? []) {
          const i = items.findIndex((row) => row.id === id);
          if (i >= 0 && page * pageSize + i < rows) return start + (segment.head ? 1 : 0) + page * pageSize + i;
        }
      return -1;
    },
    get loaded() {
      return show.segments.flatMap((s) =>
        s.head && !s.head.open
          ? []
          : [...(show.pages.get(s.id) ?? [])].sort(([a], [b]) => a - b).flatMap(([, p]) => p.items),
      );
    },
    total: only?.total,
    more: only?.total_more ?? false,
    pending: pending && !shown.current,
    old: pending && shown.current !== undefined,
    deep: wanted[1] > 1000,
    error,
    want,
    again,
  };
}

/** Changes rows wherever a list has them. Pages keep their lengths; what is gone leaves with the next reading. */
export function patchRows(cache: QueryClient, key: unknown[], by: (row: Stored) => Stored) {
  cache.setQueriesData<unknown>({ queryKey: [...key, "list"] }, (found: unknown) => {
    const page = found as Page | undefined;
    if (!page?.items) return found;
    const items = page.items.map(by);
    return items.some((row, i) => row !== page.items[i]) ? { ...page, items } : page;
  });
}
