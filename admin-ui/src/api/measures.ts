// What an aggregation tells of several records, and what it calls that.
import type { Schemas } from "./client";

export type Measure = Schemas["MeasureOf"];

/** A text alone is a field that is added up. */
export const measureOf = (sum: string | Measure): Measure =>
  typeof sum === "string" ? { op: "sum", field: sum } : sum;

/** What the server calls a measure in its rows. */
export const measureName = ({ as, op, field, percent }: Measure): string =>
  as ?? (field ? (op === "percentile" ? `p${percent}_${field}` : `${op}_${field}`) : op);
