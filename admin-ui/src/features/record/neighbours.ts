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

/** Finds a record among the lists that are here; the one that was looked at last counts. */
export function neighboursIn(lists: Pick<Query, "queryKey" | "state">[], id: string): Neighbours | undefined {
  const found = lists
    .filter((query) => query.queryKey[3] !== "related")
    .map((query) => ({ at: query.state.dataUpdatedAt, ids: idsOf(query.state.data) }))
    .filter(({ ids }) => ids.includes(id))
    .sort((a, b) => b.at - a.at)[0];
  if (!found) return undefined;
  const place = found.ids.indexOf(id);
  return { previous: found.ids[place - 1], next: found.ids[place + 1], place: place + 1, of: found.ids.length };
}

function idsOf(data: unknown): string[] {
  const pages = (data as { pages?: { items?: { id: string }[] }[] } | undefined)?.pages ?? [];
  return pages.flatMap((page) => page.items?.map((item) => item.id) ?? []);
}

export function useNeighbours(object: ObjectModel, id: string): Neighbours | undefined {
  const { me } = useSession();
  const cache = useQueryClient();
  return neighboursIn(cache.getQueryCache().findAll({ queryKey: [me.tenant, object.name, "list"] }), id);
}
