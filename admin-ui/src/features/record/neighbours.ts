// The records before and after one, in the list that it was opened from.
import type { Query } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

export interface Neighbours {
  previous?: string;
  next?: string;
  /** From 1. */
  place: number;
  of: number;
}

/**
 * Finds a record among the lists that are here, whose pages have keys that end in what is asked for, the number
 * of the page and its cursor; the one that was looked at last counts.
 */
export function neighboursIn(pages: Pick<Query, "queryKey" | "state">[], id: string): Neighbours | undefined {
  const lists = new Map<string, { at: number; pages: string[][]; total: number }>();
  for (const { queryKey, state } of pages) {
    const [, , , asked, page] = queryKey;
    const { items, total } = (state.data ?? {}) as { items?: { id: string }[]; total?: number };
    if (typeof page !== "number" || !items) continue;
    const name = JSON.stringify(asked);
    const list = lists.get(name) ?? { at: 0, pages: [], total: 0 };
    lists.set(name, list);
    list.at = Math.max(list.at, state.dataUpdatedAt);
    list.pages[page] = items.map((item) => item.id);
    list.total = Math.max(list.total, total ?? 0);
  }
  const found = [...lists.values()]
    .map(({ at, pages, total }) => ({ at, total, ids: pages.flat() }))
    .filter(({ ids }) => ids.includes(id))
    .sort((a, b) => b.at - a.at)[0];
  if (!found) return undefined;
  const place = found.ids.indexOf(id);
  return {
    previous: found.ids[place - 1],
    next: found.ids[place + 1],
    place: place + 1,
    of: Math.max(found.total, found.ids.length),
  };
}

export function useNeighbours(object: ObjectModel, id: string): Neighbours | undefined {
  const { me } = useSession();
  const cache = useQueryClient();
  return neighboursIn(cache.getQueryCache().findAll({ queryKey: [me.tenant, object.name, "list"] }), id);
}
