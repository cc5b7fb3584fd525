// A list by columns: of each value of a field how many records there are, what is measured of them, and the first.
import type { Stored } from "./client";
import { all, equals } from "./filters";
import { type Measure, measureName, measureOf } from "./measures";
import { aggregate, list } from "./records";

export interface BoardQuery {
  filter?: string;
  q?: string;
  /** The field of whose values each has a column, a path. */
  by: string;
  /** The path of the name of what `by` refers to. */
  namePath?: string;
  /** The columns; absent: the values that there are. */
  values?: unknown[];
  fields: string[];
  sum: (string | Measure)[];
  sort?: string[];
}

export interface BoardColumn {
  value: unknown;
  /** Of the record that the value refers to. */
  name?: string | null;
  count: number;
  /** By the names of the measures. */
  sums: Record<string, unknown>;
  items: Stored[];
  /** Where the list of the column's records goes on. */
  next?: string;
}

export const cardsOfPage = 25;
/** Of a field whose values nobody lists. */
const mostColumns = 40;

export async function board(object: string, query: BoardQuery, signal?: AbortSignal): Promise<BoardColumn[]> {
  const { filter, q, by, namePath, values } = query;
  const measures = query.sum.map(measureOf);
  const { rows } = await aggregate(
    object,
    {
      filter,
      q,
      group: [{ field: by, as: "value" }, ...(namePath ? [{ field: namePath, as: "called" }] : [])],
      measures: [{ op: "count", as: "records" }, ...measures],
      sort: values ? undefined : [namePath ? "called" : "value"],
      limit: values ? 1000 : mostColumns,
    },
    signal,
  );
  const found = new Map(rows.map((row) => [row.value ?? null, row]));
  const empty = (values ?? [...found.keys()]).includes(null) || !found.has(null) ? [] : [null];
  return Promise.all(
    [...empty, ...(values ?? found.keys())].map(async (value) => {
      const row = found.get(value ?? null);
      const page = row ? await cards(object, query, value, undefined, signal) : undefined;
      return {
        value,
        name: row?.called as string | null | undefined,
        count: Number(row?.records ?? 0),
        sums: Object.fromEntries(measures.map((m) => [measureName(m), row?.[measureName(m)] ?? null])),
        items: page?.items ?? [],
        next: page?.next ?? undefined,
      };
    }),
  );
}

/** The records of a column, from a place on. */
export const cards = (object: string, query: BoardQuery, value: unknown, cursor?: string, signal?: AbortSignal) =>
  list(
    object,
    {
      filter: all(query.filter, equals(query.by, value)),
      q: query.q,
      sort: query.sort,
      fields: query.fields,
      limit: cardsOfPage,
      cursor,
    },
    signal,
  );
