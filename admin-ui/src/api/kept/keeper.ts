// Keeps in the browser what somebody has read, so that it is shown at once at the next start, and where the server
// can't be reached. The cache of react-query stays the one place that pages read from.
import {
  onlineManager,
  type Query,
  type QueryClient,
  type QueryFunctionContext,
  type QueryKey,
} from "@tanstack/react-query";
import { Offline, Refusal } from "../client";
import type { Workspace } from "../session";
import { limits, surplus, wayOf } from "./bounds";
import type { Entry, KeptSession, Part, Scope, Store } from "./database";

/** How long a session lives that isn't used (auth.SessionLife), in ms: what is kept of one that is over is shown to nobody. */
export const sessionLife = 12 * 60 * 60 * 1000;
const gathered = 500; // ms in which changes of the cache are gathered

type Ask = (context: QueryFunctionContext) => unknown;

export interface Keeper {
  /** Asks a question of the cache, or says what was kept of it. It is the `persister` of all queries. */
  ask(asks: Ask, context: QueryFunctionContext, query: Query): Promise<unknown>;
  /** Keeps at once what was read last: the page may be left. */
  flush(): void;
  /** Forgets all there is and keeps nothing more, until the page is loaded anew. */
  end(): Promise<void>;
}

export const scopeOf = ({ tenant, user, language, revision, rights }: Workspace): Scope => ({
  tenant,
  user: user.id,
  language,
  revision,
  rights: JSON.stringify(rights),
});

/** Asks for what is shown of another time, however short ago that was: nobody has told this page what happened since. */
function revalidate(query: Query, at: number) {
  query.setState({ dataUpdatedAt: at });
  void query.fetch().catch(() => undefined);
}

/** Keeps what comes into a cache in a store. `sessionKey` is the question who is logged in. */
export function keeperOf(cache: QueryClient, sessionKey: QueryKey, store: Store, now = Date.now): Keeper {
  const isSession = (key: QueryKey) => key[0] === sessionKey[0] && key.length === sessionKey.length;
  let scope: Scope | undefined;
  let ended = false;
  let confirmed = 0; // when the server said the session, in ms
  const pending = new Map<string, Query | undefined>(); // by hash; undefined: to be dropped
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Steps follow one another; one that fails, as on a full disk, is as if nothing were kept.
  let work: Promise<unknown> = Promise.resolve();
  const then = <T>(step: () => Promise<T>): Promise<T | undefined> => {
    const done = work.then(step).catch(() => undefined);
    work = done;
    return done;
  };

  const enter = (data: Workspace) => {
    scope = scopeOf(data);
    const session: KeptSession = { scope, at: confirmed, data };
    void then(() => store.enter(session));
  };
  const write = async () => {
    timer = undefined;
    const some = [...pending];
    pending.clear();
    const of = scope;
    if (!of || ended) return;
    const keeps = some.flatMap(([hash, query]) => (query ? (kept(hash, query, of) ?? []) : []));
    const drops = some.filter(([hash]) => !keeps.some((one) => one.part.hash === hash)).map(([hash]) => hash);
    const entries = new Map((await store.entries()).map((entry) => [entry.hash, entry]));
    for (const { entry } of keeps) entries.set(entry.hash, entry);
    for (const hash of drops) entries.delete(hash);
    const over = surplus([...entries.values()], limits);
    await store.change(of, keeps, [...drops, ...over]);
  };
  const kept = (
    hash: string,
    { queryKey, state }: Query,
    { tenant }: Scope,
  ): { part: Part; entry: Entry } | undefined => {
    const way = wayOf(queryKey, tenant);
    if (!way || state.data === undefined) return undefined;
    const bytes = 2 * JSON.stringify(state.data).length;
    if (bytes > limits.part) return undefined;
    return {
      part: { hash, key: queryKey, at: state.dataUpdatedAt, data: state.data },
      entry: { hash, group: way.group, bytes, used: now() },
    };
  };
  const note = (query: Query, gone: boolean) => {
    if (!scope || !wayOf(query.queryKey, scope.tenant)) return;
    pending.set(query.queryHash, gone ? undefined : query);
    timer ??= setTimeout(() => void then(write), gathered);
  };

  cache.getQueryCache().subscribe((event) => {
    if (ended || event.type !== "updated") return;
    const { query, action } = event;
    if (action.type === "error") {
      if (!(action.error instanceof Refusal)) return;
      const { status } = action.error.problem;
      if (isSession(query.queryKey) && status === 401) {
        scope = undefined;
        void then(() => store.wipe());
      } else if (status === 403 || status === 404) note(query, true);
    }
    // What is set while the server isn't reached is no word of its.
    if (action.type !== "success" || !onlineManager.isOnline()) return;
    if (!isSession(query.queryKey)) note(query, false);
    else if (action.manual && scope) enter(query.state.data as Workspace);
  });

  const session = async (): Promise<KeptSession | undefined> => {
    const found = await then(() => store.session());
    if (found && now() - found.at < sessionLife) {
      ({ scope, at: confirmed } = found);
      return found;
    }
    if (found) await then(() => store.wipe());
    return undefined;
  };
  /** What was kept of a question. */
  const read = (hash: string) => then(() => store.part(hash, now()));
  const underway = new Map<string, Promise<unknown>>(); // what was asked while what is kept was looked for, by hash
  /** What was kept of a question, if that is here before the answer, which is asked for at the same time. */
  const sooner = async (asks: Ask, context: QueryFunctionContext, { queryHash }: Query) => {
    const asked = Promise.resolve(asks(context));
    underway.set(queryHash, asked);
    const over = asked.then(
      () => undefined,
      () => undefined,
    );
    return Promise.race([read(queryHash), over]);
  };

  return {
    async ask(asks, context, query) {
      const own = isSession(query.queryKey);
      const way = own ? ({ use: "first" } as const) : scope && wayOf(query.queryKey, scope.tenant);
      if (ended || !way) return asks(context);
      const here = query.state.data !== undefined;
      if (way.use === "first" && !here) {
        // The session says which one is kept, so that it is not sent again.
        const found = own ? await session() : await sooner(asks, context, query);
        if (found) {
          setTimeout(() => {
            revalidate(query, found.at); // once this is shown
            underway.delete(query.queryHash);
          });
          return found.data;
        }
      }
      try {
        const asked = underway.get(query.queryHash);
        underway.delete(query.queryHash);
        const said = await (asked ?? asks(context));
        if (own && !ended) {
          confirmed = now();
          enter(said as Workspace);
        }
        return said;
      } catch (error) {
        if (!(error instanceof Offline)) throw error;
        const found = here ? query.state : await read(query.queryHash);
        if (!found) throw error;
        return found.data;
      }
    },
    flush() {
      if (timer === undefined) return;
      clearTimeout(timer);
      void then(write);
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await then(() => store.wipe());
    },
  };
}
