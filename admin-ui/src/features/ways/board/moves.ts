// Cards that were moved and of which the server has not told anew yet lie over what it told.
import type { BoardColumn } from "~/api/board";
import type { Stored } from "~/api/client";
import { measureName, measureOf } from "~/api/measures";
import { ordered, type SumDoc } from "~/meta/documents";
import type { Field, ObjectModel } from "~/meta/model";

export interface Move {
  row: Stored;
  from: unknown;
  to: unknown;
}

/** The columns with the moved cards at the top of where they were moved to, counted and added up there. */
export function withMoves(columns: BoardColumn[], moves: Move[], sum: SumDoc[]): BoardColumn[] {
  if (moves.length === 0) return columns;
  const added = sum.map(measureOf).filter((m) => m.op === "sum" && m.field && !m.filter);
  return columns.map((column) => {
    const came = moves.filter((m) => m.to === column.value && m.from !== column.value);
    const went = moves.filter((m) => m.from === column.value && m.to !== column.value);
    if (came.length + went.length === 0) return column;
    const sums = { ...column.sums };
    for (const measure of added) {
      const total = (of: Move[]) => of.reduce((all, m) => all + Number(m.row[measure.field as string] ?? 0), 0);
      const name = measureName(measure);
      sums[name] = Number(sums[name] ?? 0) + total(came) - total(went);
    }
    const ids = new Set([...came, ...went].map((m) => m.row.id));
    return {
      ...column,
      sums,
      count: column.count + came.length - went.length,
      items: [...came.map((m) => m.row), ...column.items.filter((row) => !ids.has(row.id))],
    };
  });
}

/** Whether a record may go from one column to another, as far as the documents tell; the server has the last word. */
export function mayEnter(object: ObjectModel, field: Field, from: unknown, to: unknown): boolean {
  if (from === to) return true;
  const option = field.options.find((one) => one.name === to);
  if (option?.active === false || (to === null && field.required)) return false;
  const stages = object.doc.stages;
  if (stages?.field !== field.name || typeof from !== "string") return true;
  const next = stages.stages[from]?.to;
  return next === undefined || (typeof to === "string" && to in next);
}

/** The values that have a column even without a record; undefined where they are those of the records. */
export function valuesOf(object: ObjectModel, field: Field): unknown[] | undefined {
  if (object.doc.stages?.field === field.name) return ordered(object.doc.stages.stages).map((stage) => stage.name);
  if (field.shows === "checkbox") return [false, true];
  if (field.options.length > 0 && field.shows === "picklist")
    return field.options.filter((one) => one.active !== false).map((one) => one.name);
  return undefined;
}
