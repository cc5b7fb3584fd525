// A list by columns: of each value of a field how many records there are, what is measured of them, and the first.
import { client, data, type Schemas, type Stored } from "./client";
import { type Measure, measureName, measureOf } from "./measures";
import { naming } from "./names";
import { aggregate, list } from "./records";

export interface BoardQuery {
  /** The view of the configuration whose filter is asked for by its name. */
  view?: string;
  /** Besides that of the view. */
  filter?: string;
  /** What both come to. */
  only?: string;
  q?: string;
  /** The field of whose values each has a column, a path. */
  by: string;
  /** The object that `by` refers to. */
  refers?: string;
  /** The columns in their order; absent: the values that there are. */
  values?: unknown[];
  fields: string[];
  sum: (string | Measure)[];
  sort?: string[];
}

export interface BoardColumn {
  value: unknown;
  /** Of the record that the value refers to; null where it may not be read. */
  name?: string | null;
  count: number;
  /** By the names of the measures. */
  sums: Record<string, unknown>;
  /** Of the list of all of its records. */
  filter: string;
  items: Stored[];
  /** Where that list goes on. */
  next?: string;
}

export const cardsOfPage = 25;
const mostColumns = 50; // that the server has

/** A board by one request; by one more where sums are not all that is measured. */
export async function board(object: string, query: BoardQuery, signal?: AbortSignal): Promise<BoardColumn[]> {
  const { by, refers, values, q, view, filter, fields, sort } = query;
  const measures = query.sum.map(measureOf);
  const sums = measures.filter(isSum).map((m) => m.field);
  const groups = sums.length < measures.length ? measured(object, query, measures, signal) : undefined;
  const columns = refers ? undefined : named(values);
  const asked = naming(fields);
  const [found, rows] = await Promise.all([
    ask(object, { by, columns, view, filter, q, fields: asked.query.fields, sums, sort, limit: cardsOfPage }, signal),
    groups,
  ]);
  const told = new Map(rows?.map((row) => [row.value ?? null, row]));
  const place = new Map((values ?? []).map((value, i) => [value, i]));
  const at = (value: unknown) => (value === null ? -1 : (place.get(value) ?? place.size));
  const nameOf = (value: unknown) =>
    refers && value !== null ? (found.names[refers]?.[String(value)] ?? null) : undefined;
  return found.columns
    .filter((column) => column.value !== null || column.count > 0)
    .map((column) => ({
      value: column.value,
      name: nameOf(column.value),
      count: column.count,
      sums: Object.fromEntries(
        measures.map((m) => {
          const name = measureName(m);
          return [name, (isSum(m) ? column.sums[m.field] : told.get(column.value ?? null)?.[name]) ?? null];
        }),
      ),
      filter: column.filter,
      items: (column.items as Stored[]).map((row) => asked.named(row, found.names)),
      next: column.next ?? undefined,
    }))
    .sort((a, b) => at(a.value) - at(b.value) || (a.name ?? "").localeCompare(b.name ?? ""));
}

const isSum = (m: Measure): m is Measure & { field: string } =>
  m.op === "sum" && m.field !== undefined && !m.as && !m.filter;

/** The server knows the options of a field and what records have besides; only where there are too many are they named. */
const named = (values: unknown[] | undefined) =>
  values && values.length > mostColumns ? values.slice(0, mostColumns) : undefined;

const ask = (object: string, body: Schemas["BoardOf"], signal?: AbortSignal) =>
  data(client.POST("/api/v1/records/{object}/board", { params: { path: { object } }, body, signal }));

/** What is measured by the values of the field. */
async function measured(object: string, query: BoardQuery, measures: Measure[], signal?: AbortSignal) {
  const { by, only, q } = query;
  // A view names its measures as it likes.
  let records = "records";
  while (measures.some((m) => measureName(m) === records)) records += "_";
  const { rows } = await aggregate(
    object,
    {
      filter: only,
      q,
      group: [{ field: by, as: "value" }],
      measures: [{ op: "count", as: records }, ...measures],
      sort: [`-${records}`], // as the columns of the board are found
      limit: 1000,
    },
    signal,
  );
  return rows;
}

/** The records of a column, from a place on. */
export const cards = (object: string, query: BoardQuery, column: BoardColumn, cursor?: string, signal?: AbortSignal) =>
  list(
    object,
    {
      view: query.view,
      filter: column.filter,
      q: query.q,
      sort: query.sort,
      fields: query.fields,
      limit: cardsOfPage,
      cursor,
    },
    signal,
  );
