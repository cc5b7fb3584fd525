import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ListQuery, list } from "~/api/records";
import type { Uses } from "~/api/uses";
import type { Formats } from "~/fields";
import { asked, columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useEdits } from "./edit/useEdits";
import { columnsOf, summable, useSegments, useSums } from "./groups";
import { useRows } from "./rows";
import { useSelection } from "./selection";
import type { ListState } from "./state";

/** The rows, sums, changes and choices of a list as its address says it. */
export function useList(
  object: ObjectModel,
  state: ListState,
  uses: Record<string, Uses> | undefined,
  formats: Formats,
  typing: boolean,
  table: boolean,
  phone: boolean,
) {
  const { me, model } = useSession();
  const paths = state.columns?.join(",");
  const columns = useMemo(() => columnsOf(model, object, paths?.split(",")), [model, object, paths]);
  const by = useMemo(
    () => (state.group && !phone && table ? columnOf(model, object, state.group) : undefined),
    [model, object, state.group, phone, table],
  );

  // The filter of a view that the server has is asked for by the view's name: it may read what its reader may not.
  const named = !state.filtered && state.view && object.views.includes(state.view) ? state.view.name : undefined;
  const query: ListQuery = useMemo(
    () => ({
      view: named,
      filter: named === undefined && state.filter ? state.filter : undefined,
      q: state.q || undefined,
      sort: state.sort.length > 0 ? state.sort : undefined,
      fields: asked(by && !columns.some((c) => c.path === by.path) ? [...columns, by] : columns),
    }),
    [named, state.filter, state.q, state.sort, columns, by],
  );
  const question = { object, filter: state.filter, q: state.q };
  const key = useMemo(() => [me.tenant, object.name], [me.tenant, object.name]);
  const numbers = useMemo(() => summable(columns, uses), [columns, uses]);
  const wanted = useMemo(
    () => (state.sum ? numbers.map((c) => c.path) : (state.view?.sum ?? none)),
    [state.sum, state.view, numbers],
  );
  const sums = useSums(question, table && !phone ? columns : none, wanted, formats);
  const summed = useMemo(() => columns.filter((c) => wanted.includes(c.path) && !c.field.masked), [columns, wanted]);
  const groups = useSegments(question, query, by, summed, formats);

  const edits = useEdits(object, key, query);
  // Nothing moves under somebody who types in a cell, or while a changed row waits to be left.
  const rows = useRows(key, object.name, table ? groups.segments : none, edits.busy || typing);
  const many = useQuery({
    queryKey: [...key, "list", "exact", query.view, query.filter, query.q],
    queryFn: ({ signal }) =>
      list(object.name, { ...query, sort: undefined, fields: ["id"], limit: 1, count: "exact" }, signal),
    enabled: rows.more && rows.deep,
  });
  const grouped = groups.segments?.reduce((sum, s) => sum + (s.count ?? 0), 0);
  const total = by ? grouped : (many.data?.total ?? rows.total);
  const selection = useSelection(JSON.stringify([object.name, query.view, query.filter, query.q]));
  const chosen = selection.but
    ? total === undefined || (rows.more && !many.data)
      ? undefined
      : total - selection.ids.size
    : selection.ids.size;
  return {
    columns,
    query,
    sums,
    rows: many.data?.total && !by ? { ...rows, count: Math.max(rows.count, many.data.total) } : rows,
    edits,
    selection,
    chosen,
    total,
    exact: many.data !== undefined,
    error: rows.error ?? groups.error,
    onGroup: groups.turn,
  };
}

const none: never[] = [];
