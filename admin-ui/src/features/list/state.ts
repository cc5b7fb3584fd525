import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { ViewDoc } from "~/meta/documents";

/** The ways in which a list can be shown, in the order of their keys. */
export const wayNames = ["table", "board", "calendar", "timeline", "gallery", "chart"] as const;

/** What the address says of a list, which is all that there is of it. */
export interface ListState {
  view: ViewDoc | undefined;
  /** The filter that is asked for; it is the view's own while the address has none. */
  filter: string;
  /** The address has another filter than the view. */
  filtered: boolean;
  q: string;
  sort: string[];
  /** Paths of columns; absent: those of the object. */
  columns: string[] | undefined;
  group: string | undefined;
  /** All numbers that are shown are added up, not only those that the view names. */
  sum: boolean;
  as: string;
  peek: string | undefined;
  /** Whether anything differs from the view. */
  changed: boolean;
  set(changes: Changes, push?: boolean): void;
}

export type Changes = Partial<Record<Parameter, string | undefined>>;
export type Parameter = "view" | "filter" | "q" | "sort" | "columns" | "group" | "as" | "sum" | "peek" | "new";

/** Those that differ from the view and are kept with it. */
export const ofView = ["filter", "sort", "columns", "group", "sum", "as"] as const;

const shows: Record<string, string> = { kanban: "board" };
const words = (text: string | null) => text?.split(",").filter(Boolean);

export function stateOf(views: ViewDoc[], at: URLSearchParams): Omit<ListState, "set"> {
  const named = at.get("view");
  const view = views.find((v) => v.name === named) ?? (named === "" ? undefined : views[0]);
  const filter = at.get("filter");
  const usual = shows[view?.show ?? ""] ?? view?.show ?? "table";
  return {
    view,
    filter: filter ?? view?.filter ?? "",
    filtered: filter !== null && filter !== (view?.filter ?? ""),
    q: at.get("q") ?? "",
    sort: words(at.get("sort")) ?? view?.sort ?? [],
    columns: words(at.get("columns")) ?? view?.columns,
    group: (at.get("group") ?? (view?.show === "table" || !view?.show ? view?.group : undefined)) || undefined,
    sum: at.get("sum") === "1",
    as: at.get("as") ?? usual,
    peek: at.get("peek") ?? undefined,
    changed: ofView.some((name) => at.has(name) && !(name === "as" && at.get(name) === usual)),
  };
}

/** What a view would say if it were as the list is shown; `numbers` are the columns that a sum row adds up. */
export function viewOf(view: ViewDoc, state: Omit<ListState, "set">, numbers: string[] = []): ViewDoc {
  const show = Object.entries(shows).find(([, as]) => as === state.as)?.[0] ?? state.as;
  return {
    ...view,
    filter: state.filter || undefined,
    sort: state.sort,
    columns: state.columns ?? view.columns,
    // Only a table is without groups because somebody took them away.
    group: state.as === "table" ? state.group : (state.group ?? view.group),
    sum: state.sum ? numbers : view.sum,
    show,
  };
}

export function useListState(views: ViewDoc[]): ListState {
  const [at, setAt] = useSearchParams();
  const set = useCallback(
    (changes: Changes, push = false) => {
      const next = new URLSearchParams(window.location.search); // which is not drawn yet after another change
      for (const [name, value] of Object.entries(changes))
        value === undefined ? next.delete(name) : next.set(name, value);
      setAt(next, { replace: !push });
    },
    [setAt],
  );
  return useMemo(() => ({ ...stateOf(views, at), set }), [views, at, set]);
}
