// The records of a period, those that were moved where they were moved to.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { all } from "~/api/filters";
import { list } from "~/api/records";
import { asked } from "~/meta/model";
import { useSession, zoneOf } from "~/meta/session";
import { type Entry, entryOf, inSight, type Period } from "./period";
import type { WayProps } from "./types";
import { useMoves } from "./useMoves";

const pageSize = 500;
/** More are not drawn; the page says so. */
export const mostOfPeriod = 2000;

export function usePeriod(
  { object, view, filter, q, columns }: WayProps,
  period: Period | undefined,
  from: string,
  before: string,
) {
  const { me } = useSession();
  const timeZone = zoneOf(me);
  const moving = useMoves<string>(object);
  const names = period ? [period.start.name, ...(period.end ? [period.end.name] : [])] : [];
  const query = {
    filter: all(view?.filter, filter, period && inSight(period, from, before)),
    q: q || undefined,
    sort: names.slice(0, 1),
    fields: [...new Set([object.nameField, ...asked(columns), ...names])],
    limit: pageSize,
  };
  const found = useInfiniteQuery({
    queryKey: [me.tenant, object.name, "list", "period", query],
    queryFn: ({ pageParam, signal }) => list(object.name, { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last, pages) => (pages.length < mostOfPeriod / pageSize ? (last.next ?? undefined) : undefined),
    enabled: period !== undefined,
    placeholderData: keepPreviousData,
  });
  // What there is of the period is shown while the rest of it comes.
  const { hasNextPage, isFetching, isError, isPlaceholderData, fetchNextPage } = found;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError && !isPlaceholderData) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, isPlaceholderData, fetchNextPage]);
  const entries = useMemo(() => {
    if (!period) return [];
    const values = new Map(moving.moves.map((m) => [m.row.id, m.values]));
    return (found.data?.pages.flatMap((page) => page.items) ?? []).flatMap((row): Entry[] => {
      const entry = entryOf({ ...row, ...values.get(row.id) }, period, timeZone);
      return entry && entry.from < before && entry.to >= from ? [entry] : [];
    });
  }, [found.data, moving.moves, period, timeZone, from, before]);
  const movable = object.can.update && period?.start.editable === true && (period.end?.editable ?? true);
  return { found, entries, movable, moving, more: !hasNextPage && Boolean(found.data?.pages.at(-1)?.next) };
}
