// What is measured of an object's records by the values of a field, as a chart draws it.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { all, equals, within } from "~/api/filters";
import { type Measure, measureName, measureOf } from "~/api/measures";
import { aggregate } from "~/api/records";
import { add, dayOfPeriod, startOf, type Unit } from "~/meta/days";
import type { SumDoc } from "~/meta/documents";
import { type Column, columnOf, type Model, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { Point } from "~/ui/chart/parts";
import { type Formats, typeOf } from "./index";
import { optionColour, optionLabel } from "./options";
import { useFormats } from "./useFormats";

export interface Asked {
  filter?: string;
  q?: string;
  group?: string;
  by?: Unit;
  sum?: SumDoc[];
  /** What is charted, by the name of its measure; the first when absent. */
  charts?: string;
}

/** Of groups that are not drawn there may be more; time has more of them than anything else that can be looked at. */
const mostGroups = 40;
const mostPeriods = 400;

export type Row = Record<string, unknown>;

export const count: Measure = { op: "count" };
export const measuresOf = (sum: SumDoc[] | undefined): Measure[] => (sum?.length ? sum.map(measureOf) : [count]);

/** The field of a measure, of whose kind its values are; undefined of a count. */
const measured = (model: Model, object: ObjectModel, m: Measure) =>
  m.field && m.op !== "count" ? columnOf(model, object, m.field)?.field : undefined;

/** What people call a measure. */
export function measureLabel(model: Model, object: ObjectModel, m: Measure): string {
  return m.as ?? measured(model, object, m)?.label ?? object.plural;
}

export function measureText(model: Model, object: ObjectModel, m: Measure, value: unknown, formats: Formats): string {
  const field = measured(model, object, m);
  if (value === null || value === undefined) return field ? "–" : formats.number(0, 0);
  return field ? typeOf(field.shows).text(value, { field, formats }) : formats.number(Number(value), 0);
}

/** A list of an object with a filter, as its address. */
export const listOf = (object: ObjectModel, filter?: string, q?: string): string =>
  `/o/${object.name}?${new URLSearchParams({ view: "", ...(filter && { filter }), ...(q && { q }) })}`;

/** Asks for the groups; without `group` there is one of all records. */
export function useGroups(object: ObjectModel, asked: Asked) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const { filter, q, group, by } = asked;
  const measures = useMemo(() => {
    const all = measuresOf(asked.sum);
    return all.toSorted((a, b) => +(measureName(b) === asked.charts) - +(measureName(a) === asked.charts));
  }, [asked.sum, asked.charts]);
  const column = useMemo(() => (group ? columnOf(model, object, group) : undefined), [model, object, group]);
  // The server takes filters by one name: what is grouped by names of records has them beside their ids.
  const query = {
    filter,
    q: q || undefined,
    group: column
      ? [
          { field: column.path, as: "value", by },
          ...(column.groupNamePath ? [{ field: column.groupNamePath, as: "called" }] : []),
        ]
      : [],
    measures,
    sort: column && !by ? [`-${measureName(measures[0] ?? count)}`] : undefined,
    limit: by ? mostPeriods : mostGroups,
  };
  const found = useQuery({
    queryKey: [me.tenant, object.name, "list", "groups", query],
    queryFn: ({ signal }) => aggregate(object.name, query, signal),
    enabled: !group || column !== undefined,
  });
  const points = useMemo(
    () =>
      found.data &&
      column &&
      pointsOf(found.data.rows, {
        model,
        object,
        column,
        by,
        filter,
        q,
        measures,
        formats,
        nothing: t("chart.nothing"),
      }),
    [found.data, model, object, column, by, filter, q, measures, formats, t],
  );
  return { found, points, column, measures, row: found.data?.rows[0] };
}

interface Drawn {
  model: Model;
  object: ObjectModel;
  column: Column;
  by?: Unit;
  filter?: string;
  q?: string;
  measures: Measure[];
  formats: Formats;
  /** What stands for the empty value. */
  nothing: string;
}

export function pointsOf(rows: Row[], drawn: Drawn): Point[] {
  const { model, object, column, by, filter, q, measures, formats, nothing } = drawn;
  const { field, path } = column;
  const text = (m: Measure, row: Row) => measureText(model, object, m, row[measureName(m)], formats);
  const ordered = by
    ? withGaps(rows, by)
    : byOption(
        rows,
        field.options.map((one) => one.name),
      );
  const [first, ...others] = measures;
  if (!first) return [];
  return ordered.map((row) => {
    const value = row.value ?? null;
    const day = by && value !== null ? dayOfPeriod(String(value)) : undefined;
    const type = field.shows === "datetime" ? "datetime" : "date";
    const only = day && by ? within(path, type, day, add(day, 1, by)) : equals(path, value);
    return {
      key: String(value),
      label:
        value === null
          ? nothing
          : day && by
            ? periodLabel(day, by, formats)
            : field.options.length > 0
              ? optionLabel(field, String(value), formats.language)
              : typeOf(field.shows).text(value, { field, formats, name: row.called as string | null }),
      value: Number(row[measureName(first)] ?? 0),
      text: text(first, row),
      others: others.map((m) => `${measureLabel(model, object, m)}: ${text(m, row)}`),
      to: listOf(object, all(filter, only), q),
      colour: field.options.find((one) => one.name === value)?.color && optionColour(field, String(value)),
    };
  });
}

/** Options in the order of people, behind them what is none. Values that are no options stay as they came. */
function byOption(rows: Row[], options: string[]): Row[] {
  const place = (row: Row) => {
    const at = options.indexOf(String(row.value));
    return at < 0 ? options.length : at;
  };
  return options.length === 0 ? rows : rows.toSorted((a, b) => place(a) - place(b));
}

/** The periods without records between those that have some, so that time is drawn as it passes. */
function withGaps(rows: Row[], by: Unit): Row[] {
  const dated = rows.filter((row) => row.value !== null && row.value !== undefined);
  const known = new Map(dated.map((row) => [dayOfPeriod(String(row.value)), row]));
  const days = [...known.keys()].sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const all: Row[] = [];
  for (let day = startOf(first, by); day <= last && all.length < mostPeriods; day = add(day, 1, by))
    all.push(known.get(day) ?? { value: day });
  return all;
}

function periodLabel(day: string, by: Unit, formats: Formats): string {
  const write = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(formats.language, { timeZone: "UTC", ...options }).format(new Date(`${day}T00:00:00Z`));
  if (by === "year") return write({ year: "numeric" });
  if (by === "quarter") return `${write({ year: "numeric" })} Q${Math.floor(Number(day.slice(5, 7)) / 3.01) + 1}`;
  if (by === "month") return write({ year: "numeric", month: "short" });
  return write({ month: "short", day: "numeric", year: "2-digit" });
}
