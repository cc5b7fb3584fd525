// What one request says of a record that is opened, put where each part of the page looks for it. From then on a
// part asks by itself, for what has changed of it.
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Stored } from "~/api/client";
import { openPage } from "~/api/records";
import type { Column, Model, ObjectModel } from "~/meta/model";
import { columnOf } from "~/meta/model";
import { named } from "~/page/named";
import { referencesOf, settled, unnamedIn } from "./useNames";

/** The records of a related list that come with the page. */
export const firstRows = 10;

export const recordKey = (tenant: string, object: ObjectModel, id: string) => [tenant, object.name, "record", id];

/** The key of a related list: it begins with the object of the list, as all lists of that do. */
export const relatedKey = (
  tenant: string,
  of: string,
  object: ObjectModel,
  id: string,
  list: string,
  limit: number,
) => [tenant, of, "list", "related", object.name, id, list, limit];

type Device = "desktop" | "phone";

const kept = 15_000; // ms for which a page that was read ahead counts as new

/** The one request that opens a record, where the cache keeps its answer until the record is opened. */
export const answerOf = (tenant: string, object: ObjectModel, id: string, device: Device) => ({
  queryKey: [...recordKey(tenant, object, id), "ahead", device],
  queryFn: ({ signal }: { signal: AbortSignal }) => openPage(object.name, id, device, signal),
  staleTime: kept,
  gcTime: kept,
  retry: false, // who opens the record does
});

/** What was read ahead, unless the record is known to be newer by now; else what the server says. It is used once. */
async function answer(
  cache: QueryClient,
  tenant: string,
  object: ObjectModel,
  id: string,
  device: Device,
  signal: AbortSignal,
) {
  const ahead = answerOf(tenant, object, id, device);
  const version = cache.getQueryData<Page>(ahead.queryKey)?.record.version;
  if (version !== undefined && version < newestOf(cache, tenant, object, id)) cache.removeQueries(ahead);
  signal.addEventListener("abort", () => void cache.cancelQueries(ahead), { once: true });
  const page = await cache.fetchQuery(ahead);
  cache.removeQueries(ahead);
  return page;
}

type Page = Awaited<ReturnType<typeof openPage>>;

/** The highest version that anything here has of a record; 0 for none. */
function newestOf(cache: QueryClient, tenant: string, object: ObjectModel, id: string): number {
  const own = cache.getQueryData<Stored>(recordKey(tenant, object, id));
  const row = rowOf(cache, tenant, object, id);
  return Math.max(Number(own?.version ?? 0), Number(row?.version ?? 0));
}

/** What a list knows of a record. */
export function rowOf(cache: QueryClient, tenant: string, object: ObjectModel, id: string): Stored | undefined {
  for (const [, found] of cache.getQueriesData({ queryKey: [tenant, object.name, "list"] })) {
    const row = (found as { items?: Stored[] } | undefined)?.items?.find((item) => item.id === id);
    if (row) return row;
  }
  return undefined;
}

/** Opens a record by one request and puts what came into the cache. */
export async function open(
  cache: QueryClient,
  tenant: string,
  model: Model,
  object: ObjectModel,
  id: string,
  columns: Map<string, Column>,
  device: Device,
  signal: AbortSignal,
) {
  const page = await answer(cache, tenant, object, id, device, signal);
  const key = recordKey(tenant, object, id);
  const record = named(page.record, columns.values(), page.names);
  // What was saved here meanwhile is newer than what was asked for before.
  cache.setQueryData<typeof record>(key, (now) => ((now?.version ?? 0) > (record.version ?? 0) ? now : record));
  cache.setQueryData([...key, "following"], page.following);
  cache.setQueryData<InfiniteData<typeof page.history>>([...key, "history"], (now) =>
    now && now.pages.length > 1 ? now : { pages: [page.history], pageParams: [undefined] },
  );
  // Nor is what its form was then put over what it is since.
  const newest = Number(cache.getQueryData<Stored>(key)?.version ?? 0);
  if (page.form && newest <= Number(record.version ?? 0)) cache.setQueryData([...key, "form", device], page.form);
  for (const layout of object.layouts.filter((one) => one.name === page.layout))
    for (const [name, list] of Object.entries(page.related)) {
      const other = model.objects.get(list.object);
      const paths = layout.related?.[name]?.columns ?? [];
      if (!other) continue;
      const shown = paths.flatMap((path) => columnOf(model, other, path) ?? []);
      cache.setQueryData(relatedKey(tenant, list.object, object, id, name, firstRows), {
        items: list.items.map((row) => named(row, shown, list.names)),
        next: list.next,
        total: list.total,
        total_more: list.total_more,
      });
    }
  const referred = [...referencesOf(model, object, page.history.items), ...unnamedIn(model, object, record)];
  return {
    layout: page.layout,
    can: page.can,
    workflows: page.workflows,
    documents: page.documents,
    approvals: page.approvals,
    ran: page.ran,
    names: settled(page.names, referred),
  };
}
