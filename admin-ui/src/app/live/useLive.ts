import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Happened, hear } from "~/api/events";
import { sessionKey } from "~/meta/mine";
import { useSession } from "~/meta/session";

/** Keeps what is shown as new as the server has it, without a question that nothing made necessary. */
export function useLive() {
  const { me } = useSession();
  const cache = useQueryClient();
  const { tenant } = me;
  const user = me.user.id;
  useEffect(() => hear(`${tenant}.${user}`, (happened) => apply(cache, tenant, happened)), [cache, tenant, user]);
}

/** Marks as old what something that happened has changed. What is shown of it is asked for again. */
export function apply(cache: QueryClient, tenant: string, happened: Happened) {
  switch (happened.kind) {
    case "record":
      if (known(cache, tenant, happened.object, happened.id, happened.version)) return;
      void cache.invalidateQueries({
        // Of the object: its lists, and of records this one. What lists other objects' records beside it is keyed by theirs.
        predicate: ({ queryKey: [of, object, kind, id] }) =>
          of === tenant && object === happened.object && (kind !== "record" || id === happened.id),
      });
      return;
    // Both are also told when the stream begins, as what is known already.
    case "revision":
      if (cache.getQueryData<{ revision?: number }>(sessionKey)?.revision === happened.revision) return;
      void cache.invalidateQueries({ queryKey: sessionKey });
      return;
    case "notification":
      void cache.invalidateQueries({
        queryKey: [tenant, "notifications"],
        predicate: ({ state }) => (state.data as { unread?: number } | undefined)?.unread !== happened.unread,
      });
      return;
    case "reset":
      void cache.invalidateQueries();
  }
}

/** Whether this version is here already, such as after a change that was made here. */
function known(cache: QueryClient, tenant: string, object: string, id: string, version: number): boolean {
  const here = cache.getQueryData<{ version?: number }>([tenant, object, "record", id]);
  return here?.version !== undefined && here.version >= version;
}
