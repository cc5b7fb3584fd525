// What one request says of a record that is opened, put where each part of the page looks for it. From then on a
// part asks by itself, for what has changed of it.
import type { QueryClient } from "@tanstack/react-query";
import type { Names } from "~/api/names";
import { openPage } from "~/api/records";
import type { Column, Model, ObjectModel } from "~/meta/model";
import { columnOf } from "~/meta/model";

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

type Row = Record<string, unknown>;

/** A record with the names of what it refers to where paths would have put them; null where one may not be read. */
export function named<R extends Row>(row: R, columns: Iterable<Column>, names: Names | undefined): R {
  const found: Row = { ...row };
  for (const { path, field, namePath } of columns)
    if (namePath && row[path] && !(namePath in row))
      found[namePath] = names?.[field.targets[0] ?? ""]?.[String(row[path])] ?? null;
  return found as R;
}

/** Opens a record by one request and puts what came into the cache. */
export async function open(
  cache: QueryClient,
  tenant: string,
  model: Model,
  object: ObjectModel,
  id: string,
  columns: Map<string, Column>,
  device: "desktop" | "phone",
  signal: AbortSignal,
) {
  const page = await openPage(object.name, id, device, signal);
  const key = recordKey(tenant, object, id);
  cache.setQueryData(key, named(page.record, columns.values(), page.names));
  cache.setQueryData([...key, "following"], page.following);
  if (page.form) cache.setQueryData([...key, "form", device], page.form);
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
  return { layout: page.layout, can: page.can, names: page.names };
}
