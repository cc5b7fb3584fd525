// The groups of a list: who is in which is asked of the server, and each has pages of its own.
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { all, equals } from "~/api/filters";
import { measureOf } from "~/api/measures";
import { aggregate, type ListQuery } from "~/api/records";
import { type Uses, usesOf } from "~/api/uses";
import { type Formats, typeOf } from "~/fields";
import type { SumDoc } from "~/meta/documents";
import { type Column, columnOf, type Model, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { GridLine } from "~/ui/grid";
import type { Segment } from "./rows";

const most = 200; // groups
const calendar = new Set(["date", "datetime"]);

const heads = new WeakMap<Segment, GridLine<never>>();

/** The head of a group as a line of the grid. */
export function headOf(segment: Segment): GridLine<never> {
  const made = heads.get(segment) ?? {
    kind: "group",
    id: `group:${segment.id}`,
    head: segment.head?.shows,
    open: segment.head?.open ?? false,
  };
  heads.set(segment, made);
  return made;
}

/** Columns by which rows can be grouped. */
export const groupable = (columns: Column[], uses: Record<string, Uses> | undefined): Column[] =>
  columns.filter(
    (c) => !c.through && (!uses || (usesOf(uses, c.path)?.groups ?? []).length > 0) && c.field.shows !== "long_text",
  );

interface Question {
  object: ObjectModel;
  /** With the filter of the view in it. */
  filter: string;
  q: string;
}

/** The segments of a list: one, or a group each. Undefined while the groups are asked for. */
export function useSegments(
  question: Question,
  query: ListQuery,
  by: Column | undefined,
  sums: Column[],
  formats: Formats,
) {
  const { t } = useTranslation();
  const { me } = useSession();
  const { object, filter, q } = question;
  const [closed, setClosed] = useState(new Set<string>());
  const month = by && calendar.has(by.field.shows);
  const asked = {
    filter: filter || undefined,
    q: q || undefined,
    group: by && [
      { field: by.path, as: "value", ...(month ? { by: "month" as const } : {}) },
      ...(by.groupNamePath ? [{ field: by.groupNamePath, as: "name" }] : []),
    ],
    measures: [
      { op: "count" as const, as: "count" },
      ...sums.map((c, i) => ({ op: "sum" as const, field: c.path, as: `s${i}` })),
    ],
    limit: most,
  };
  const found = useQuery({
    queryKey: [me.tenant, object.name, "list", "groups", asked],
    queryFn: ({ signal }) => aggregate(object.name, asked, signal),
    enabled: !!by,
  });
  const text = JSON.stringify(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the query is compared by what it says
  const segments = useMemo((): Segment[] | undefined => {
    if (!by) return [{ id: "all", query }];
    if (!found.data) return undefined;
    return ranked(found.data.rows, by).map((row) => {
      const id = JSON.stringify(row.value ?? null);
      return {
        id,
        query: { ...query, filter: all(query.filter, only(by, row.value)) },
        count: Number(row.count),
        head: {
          open: !closed.has(id),
          shows: (
            <>
              <span>{headText(by, row, formats) ?? <span className="quiet">{t("list.no_value")}</span>}</span>
              <span className="quiet">{formats.number(Number(row.count), 0)}</span>
              {sums.map((c, i) => (
                <span className="quiet small" key={c.path}>
                  {c.label}{" "}
                  {row[`s${i}`] === null
                    ? "–"
                    : typeOf(c.field.shows).text(Number(row[`s${i}`]), { field: c.field, formats })}
                </span>
              ))}
            </>
          ),
        },
      };
    });
  }, [by, found.data, text, closed, sums, formats, t]);
  const turn = (id: string) =>
    setClosed((now) => {
      const next = new Set(now);
      const name = id.slice("group:".length);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  return { segments, turn, error: found.error };
}

type Row = Record<string, unknown>;

/** Options in their order, other values in that of the server; those without a value last. */
function ranked(rows: Row[], by: Column): Row[] {
  const place = (row: Row) => {
    if (row.value === null || row.value === undefined) return Number.POSITIVE_INFINITY;
    const at = by.field.options.findIndex((o) => o.name === row.value);
    return at < 0 ? by.field.options.length : at;
  };
  return [...rows].sort((a, b) => place(a) - place(b) || 0);
}

/** Of a month such as 2026-03. */
const firstDay = (month: unknown) => `${String(month).slice(0, 7)}-01`;

/** The condition of a group. */
function only(by: Column, value: unknown): string {
  if (value !== null && value !== undefined && calendar.has(by.field.shows))
    return equals(`startOfMonth(${by.field.shows === "datetime" ? `date(${by.path})` : by.path})`, firstDay(value));
  return equals(by.path, value);
}

function headText(by: Column, row: Row, formats: Formats) {
  if (row.value === null || row.value === undefined) return undefined;
  if (calendar.has(by.field.shows))
    return new Intl.DateTimeFormat(formats.language, { month: "long", year: "numeric", timeZone: "UTC" }).format(
      new Date(`${firstDay(row.value)}T00:00:00Z`),
    );
  return typeOf(by.field.shows).cell(row.value, { field: by.field, formats, name: row.name as string | null });
}

/** What the sum row says, by column: the view's own sums, or those of all numbers that are shown. One request. */
export function useSums(
  question: Question,
  columns: Column[],
  wanted: SumDoc[],
  formats: Formats,
): Record<string, string> {
  const { t } = useTranslation();
  const { me } = useSession();
  const shown = new Set(columns.map((c) => c.path));
  const measures = wanted.map(measureOf).filter((one) => one.field && shown.has(one.field));
  const asked = {
    filter: question.filter || undefined,
    q: question.q || undefined,
    measures: measures.map((one, i) => ({ ...one, as: `m${i}` })),
  };
  const found = useQuery({
    queryKey: [me.tenant, question.object.name, "list", "sums", asked],
    queryFn: ({ signal }) => aggregate(question.object.name, asked, signal),
    enabled: measures.length > 0,
    placeholderData: (before) => before,
  });
  const listed = JSON.stringify(measures);
  return useMemo(() => {
    const texts: Record<string, string> = {};
    for (const [i, one] of (JSON.parse(listed) as typeof measures).entries()) {
      const column = columns.find((c) => c.path === one.field);
      const value = found.data?.rows[0]?.[`m${i}`];
      if (!column) continue;
      const said =
        value === null || value === undefined
          ? ""
          : typeOf(column.field.shows).text(Number(value), { field: column.field, formats });
      const named = one.op === "sum" ? said : said && `${t(`list.measure.${one.op}` as "list.measure.avg")} ${said}`;
      texts[column.path] = [texts[column.path], named].filter(Boolean).join("\n");
    }
    return texts;
  }, [found.data, columns, formats, t, listed]);
}

/** Columns of numbers that can be added up. */
export const summable = (columns: Column[], uses: Record<string, Uses> | undefined): Column[] =>
  columns.filter(
    (c) => uses?.[c.path]?.measures?.includes("sum") && c.field.shows !== "checkbox" && c.field.shows !== "percent",
  );

/** The paths of those columns whose values are added up in any case, whatever else may be. */
export const numbersOf = (model: Model, object: ObjectModel, paths: string[] | undefined): string[] =>
  columnsOf(model, object, paths)
    .filter((c) => ["number", "currency"].includes(c.field.shows))
    .map((c) => c.path);

/** The columns of a list; without any, the name and the first fields of the object. */
export function columnsOf(model: Model, object: ObjectModel, paths: string[] | undefined): Column[] {
  const wanted =
    paths ?? [object.nameField, ...[...object.fields.keys()].filter((f) => f !== object.nameField)].slice(0, 6);
  return wanted.flatMap((path) => columnOf(model, object, path) ?? []);
}
