import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Stored } from "~/api/client";
import { refusal } from "~/api/client";
import { candidates, change, form, read } from "~/api/records";
import { asked, type Column, columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

/** Of every field of an object: where its value stands, and the name of what it refers to. */
export function useColumns(object: ObjectModel): Map<string, Column> {
  const { model } = useSession();
  return useMemo(
    () =>
      new Map(
        [...object.fields.keys()].flatMap((name) => {
          const column = columnOf(model, object, name);
          return column ? [[name, column] as const] : [];
        }),
      ),
    [model, object],
  );
}

/** A record, what may be done with each of its fields at the moment, and the way to change it. */
export function useRecord(object: ObjectModel, id: string) {
  const { me } = useSession();
  const cache = useQueryClient();
  const columns = useColumns(object);
  const key = [me.tenant, object.name, "record", id];
  const record = useQuery<Stored>({
    queryKey: key,
    queryFn: ({ signal }) => read(object.name, id, asked([...columns.values()]), signal),
    placeholderData: () => rowOf(cache.getQueriesData({ queryKey: [me.tenant, object.name, "list"] }), id),
  });
  const state = useQuery({
    queryKey: [...key, "form"],
    queryFn: ({ signal }) => form(object.name, { id, data: {} }, signal),
    enabled: object.can.update,
  });

  /** Shows the values at once; a refusal puts back what was there. */
  const save = useMutation({
    mutationFn: ({ values }: { values: Record<string, unknown>; names?: Record<string, string | null> }) =>
      change(object.name, id, values, (cache.getQueryData<Stored>(key) ?? record.data)?.version),
    onMutate: async ({ values, names }) => {
      await cache.cancelQueries({ queryKey: key });
      const before = cache.getQueryData<Stored>(key);
      cache.setQueryData<Stored>(key, (now) => now && { ...now, ...values, ...names });
      return { before };
    },
    onSuccess: (saved) => {
      const { warnings: _, ...values } = saved as Stored & { warnings?: unknown };
      cache.setQueryData<Stored>(key, (now) => now && { ...now, ...values });
    },
    onError: (error, _, was) => {
      if (was?.before) cache.setQueryData(key, was.before);
      if (refusal(error)?.status === 412) void cache.invalidateQueries({ queryKey: key });
    },
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: [...key, "form"] });
      void cache.invalidateQueries({ queryKey: [me.tenant, object.name, "list"] });
    },
  });
  return { record, state, save, columns };
}

/** What a list knows of a record is shown until the record is here. */
function rowOf(lists: [unknown, unknown][], id: string): Stored | undefined {
  for (const [, found] of lists) {
    const pages = (found as { pages?: { items: Stored[] }[] } | undefined)?.pages ?? [];
    for (const page of pages) {
      const row = page.items.find((item) => item.id === id);
      if (row) return row;
    }
  }
  return undefined;
}

/** Asks for the records that may be chosen in a reference of what is being written. */
export function useCandidates(object: ObjectModel, writing: { id?: string; data: Record<string, unknown> }) {
  const { model } = useSession();
  return (field: string, target: string | undefined) => async (q: string, signal: AbortSignal) => {
    const name = model.objects.get(target ?? "")?.nameField ?? "id";
    const page = await candidates(
      object.name,
      { field, ...writing, q: q || undefined, fields: ["id", name], limit: 20 },
      signal,
    );
    return page.items.map((item) => ({ id: item.id as string, name: String(item[name] ?? item.id) }));
  };
}
