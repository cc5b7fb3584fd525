import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Happened, hear } from "~/api/events";
import { looking } from "~/api/looking";
import { sessionKey, type Workspace } from "~/api/session";
import { useSession } from "~/meta/session";

/** How long what happens is gathered, in ms: a burst, such as an import of somebody else, is one question. */
const gathered = 300;

/** Keeps what is shown as new as the server has it, without a question that nothing made necessary. */
export function useLive() {
  const { me } = useSession();
  const cache = useQueryClient();
  const { tenant } = me;
  const user = me.user.id;
  useEffect(() => {
    if (looking) return;
    let some: Happened[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = hear(`${tenant}.${user}`, (happened) => {
      some.push(happened);
      timer ??= setTimeout(() => {
        const now = some;
        some = [];
        timer = undefined;
        apply(cache, tenant, now);
      }, gathered);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [cache, tenant, user]);
}

/** Marks as old what some things that happened have changed. What is shown of it is asked for again, once. */
export function apply(cache: QueryClient, tenant: string, some: Happened[]) {
  if (some.some(({ kind }) => kind === "reset")) {
    void cache.invalidateQueries();
    return;
  }
  const changed = new Map<string, Set<string>>(); // ids by object
  for (const one of some)
    if (one.kind === "record" && !known(cache, tenant, one))
      changed.set(one.object, (changed.get(one.object) ?? new Set()).add(one.id));
  if (changed.size > 0)
    void cache.invalidateQueries({
      // Of an object: its lists, and of records those that changed. What lists other objects' records beside one is keyed by theirs.
      predicate: ({ queryKey: [of, object, kind, id] }) => {
        const ids = of === tenant ? changed.get(object as string) : undefined;
        return !!ids && (kind !== "record" || ids.has(id as string));
      },
    });
  // Both are also told when the stream begins, as what is known already.
  const revision = some.findLast((one) => one.kind === "revision");
  if (revision && cache.getQueryData<{ revision?: number }>(sessionKey)?.revision !== revision.revision)
    void cache.invalidateQueries({ queryKey: sessionKey });
  const notified = some.findLast((one) => one.kind === "notification");
  if (notified) {
    const { unread } = notified;
    cache.setQueryData<Workspace>(sessionKey, (now) => now && { ...now, unread });
    void cache.invalidateQueries({
      queryKey: [tenant, "notifications"],
      predicate: ({ state }) => (state.data as { unread?: number } | undefined)?.unread !== unread,
    });
  }
}

/** Whether all that is told is here already, such as after a change that was made here. */
function known(cache: QueryClient, tenant: string, told: Happened & { kind: "record" }): boolean {
  const { object, id, version, did, aside } = told;
  if (did === "deleted" || aside) return false; // with the version that there was
  const here = cache.getQueryData<{ version?: number }>([tenant, object, "record", id]);
  return here?.version !== undefined && here.version >= version;
}
