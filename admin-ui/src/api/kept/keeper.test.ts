import { readFileSync } from "node:fs";
import { onlineManager, QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { Offline, Refusal } from "../client";
import type { Workspace } from "../session";
import { limits, surplus, wayOf } from "./bounds";
import { type Entry, type KeptSession, type Part, type Store, sameScope } from "./database";
import { keeperOf, sessionLife } from "./keeper";

/** A store in memory, as the browser's does it. */
function memory() {
  let session: KeptSession | undefined;
  const parts = new Map<string, Part>();
  const entries = new Map<string, Entry>();
  const clear = () => {
    parts.clear();
    entries.clear();
  };
  const store: Store = {
    session: async () => session,
    async enter(next) {
      if (!sameScope(session?.scope, next.scope)) clear();
      session = next;
    },
    part: async (hash) => parts.get(hash),
    entries: async () => [...entries.values()],
    async change(scope, keeps, drops) {
      if (!sameScope(session?.scope, scope)) return;
      for (const { part, entry } of keeps) {
        parts.set(part.hash, part);
        entries.set(entry.hash, entry);
      }
      for (const hash of drops) {
        parts.delete(hash);
        entries.delete(hash);
      }
    },
    async wipe() {
      session = undefined;
      clear();
    },
  };
  return { store, parts, session: () => session };
}

const workspace = (user: string, more: object = {}) =>
  ({
    tenant: "t",
    user: { id: user },
    language: "en",
    revision: 1,
    rights: { objects: {} },
    ...more,
  }) as unknown as Workspace;
const sessionKey = ["session"];
const recordKey = ["t", "lead", "record", "1"];
const later = (ms = 700) => new Promise((done) => setTimeout(done, ms));
const problem = (status: number) =>
  new Refusal({ type: "about:blank", title: "", status, code: "internal", detail: "no" });

/** A start of the pages over what a store has. */
function start(store: Store, now = Date.now) {
  const cache = new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        networkMode: "always",
        persister: (asks, context, query) => keeper.ask(asks as never, context, query) as never,
      },
    },
  });
  const keeper = keeperOf(cache, sessionKey, store, now);
  const ask = <T>(queryKey: unknown[], queryFn: () => Promise<T>) => cache.fetchQuery({ queryKey, queryFn });
  return { cache, keeper, ask };
}
const unreached = async (): Promise<never> => {
  onlineManager.setOnline(false);
  throw new Offline("offline");
};
afterEach(async () => {
  await later(20); // until what is shown was asked for
  onlineManager.setOnline(true);
});

test("what one start read is there at the next without the server", async () => {
  const { store } = memory();
  const first = start(store);
  await first.ask(sessionKey, async () => workspace("anna"));
  await first.ask(recordKey, async () => ({ name: "Acme" }));
  await later();
  const next = start(store);
  expect(await next.ask(sessionKey, unreached)).toMatchObject({ user: { id: "anna" } });
  expect(await next.ask(recordKey, unreached)).toEqual({ name: "Acme" });
  await expect(next.ask(["t", "lead", "record", "2"], unreached)).rejects.toThrow(Offline);
  await expect(next.ask(["t", "lead", "new", {}], unreached)).rejects.toThrow(Offline);
});

test("what was read just before the page is left is kept", async () => {
  const { store, parts } = memory();
  const { ask, keeper } = start(store);
  await ask(sessionKey, async () => workspace("anna"));
  await ask(recordKey, async () => ({ name: "Acme" }));
  expect(parts.size).toBe(0);
  keeper.flush();
  await later(10);
  expect([...parts.values()].map(({ data }) => data)).toEqual([{ name: "Acme" }]);
});

test("what is kept of a list is shown while it is asked for, once", async () => {
  const { store, parts } = memory();
  const listKey = ["t", "lead", "list", {}, 0, null];
  const first = start(store);
  await first.ask(sessionKey, async () => workspace("anna"));
  await first.ask(listKey, async () => ({ items: [1] }));
  await vi.waitFor(() => expect(parts.size).toBe(1), 5000);
  const next = start(store);
  await next.ask(sessionKey, async () => workspace("anna"));
  let answer: (said: object) => void = () => undefined;
  const asked = new Promise<object>((resolve) => {
    answer = resolve;
  });
  const asks = vi.fn(() => asked);
  expect(await next.ask(listKey, asks)).toEqual({ items: [1] });
  await later(20);
  answer({ items: [1, 2] });
  await vi.waitFor(() => expect(next.cache.getQueryData(listKey)).toEqual({ items: [1, 2] }));
  expect(asks).toHaveBeenCalledTimes(1);
  // The next time it is asked for anew.
  await next.cache.fetchQuery({ queryKey: listKey, staleTime: 0, queryFn: asks });
  expect(asks).toHaveBeenCalledTimes(2);

  // An answer that is here first is taken at once.
  const slow = start({ ...store, part: () => new Promise(() => undefined) });
  await slow.ask(sessionKey, async () => workspace("anna"));
  expect(await slow.ask(listKey, async () => ({ items: [3] }))).toEqual({ items: [3] });
});

test("nothing of one person, or of other rights, is there for another", async () => {
  for (const other of [
    workspace("ben"),
    workspace("anna", { revision: 2 }),
    workspace("anna", { rights: { objects: { lead: {} } } }),
  ]) {
    const { store, parts } = memory();
    const first = start(store);
    await first.ask(sessionKey, async () => workspace("anna"));
    await first.ask(recordKey, async () => ({ name: "Acme" }));
    await vi.waitFor(() => expect(parts.size).toBe(1), 5000);
    const next = start(store);
    expect(await next.ask(sessionKey, async () => other)).toEqual(workspace("anna")); // at once, and then it is asked for
    expect(await next.ask(sessionKey, async () => other)).toEqual(other);
    await later(20);
    expect(parts.size).toBe(0);
    // A tab of the first that is still open writes nothing more.
    first.cache.setQueryData(recordKey, { name: "Acme 2" });
    await later();
    expect(parts.size).toBe(0);
  }
});

test("nothing is left of a session that is over, or was ended", async () => {
  let now = 1_000_000;
  const { store, parts, session } = memory();
  const first = start(store, () => now);
  await first.ask(sessionKey, async () => workspace("anna"));
  await first.ask(recordKey, async () => ({ name: "Acme" }));
  await vi.waitFor(() => expect(parts.size).toBe(1), 5000);
  now += sessionLife;
  await expect(start(store, () => now).ask(sessionKey, unreached)).rejects.toThrow(Offline);
  expect([parts.size, session()]).toEqual([0, undefined]);

  onlineManager.setOnline(true);
  const second = start(store);
  await second.ask(sessionKey, async () => workspace("anna"));
  await second.cache
    .fetchQuery({ queryKey: sessionKey, staleTime: 0, queryFn: async () => Promise.reject(problem(401)) })
    .catch(() => undefined);
  await later(20);
  expect(session()).toBeUndefined();
  expect(sessionLife / 3_600_000).toBe(
    Number(
      /SessionLife = (\d+) \* time\.Hour/.exec(
        readFileSync(new URL("../../../../engine/auth/auth.go", import.meta.url), "utf8"),
      )?.[1],
    ),
  );
});

test("what may no longer be read is dropped, and what is set without the server is not kept", async () => {
  const { store, parts } = memory();
  const { ask, cache } = start(store);
  await ask(sessionKey, async () => workspace("anna"));
  await ask(recordKey, async () => ({ name: "Acme" }));
  await later();
  onlineManager.setOnline(false);
  cache.setQueryData(recordKey, { name: "typed" });
  await later();
  expect([...parts.values()].map(({ data }) => data)).toEqual([{ name: "Acme" }]);
  onlineManager.setOnline(true);
  await ask(recordKey, async () => Promise.reject(problem(404))).catch(() => undefined);
  await later();
  expect(parts.size).toBe(0);
});

test("what is kept is bounded, and the parts of a record go together", () => {
  const key = (...rest: unknown[]) => wayOf(["t", "lead", ...rest], "t");
  expect(key("record", "1")).toEqual({ use: "instead", group: "lead/1" });
  expect(wayOf(["t", "task", "list", "related", "lead", "1", "tasks", 10], "t")).toEqual({
    use: "instead",
    group: "lead/1",
  });
  expect(key("list", {}, 0, null)).toEqual({ use: "first", group: "" });
  expect(key("list", {}, 5, "cursor")).toBeUndefined();
  for (const rest of [["new"], ["preview", "1"], ["record", "1", "duplicates"], ["record", "several", []]])
    expect(key(...rest)).toBeUndefined();
  expect(wayOf(["other", "lead", "record", "1"], "t")).toBeUndefined();
  const entries = Array.from({ length: 250 }, (_, i) =>
    ["a", "b"].map((part) => ({ hash: `${i}${part}`, group: `lead/${i}`, bytes: 10, used: i })),
  ).flat();
  expect(surplus(entries, limits)).toEqual(Array.from({ length: 50 }, (_, i) => [`${49 - i}a`, `${49 - i}b`]).flat());
  const large = Array.from({ length: 30 }, (_, i) => ({ hash: `${i}`, group: "", bytes: 1 << 20, used: i }));
  expect(surplus(large, limits)).toEqual(Array.from({ length: 10 }, (_, i) => `${9 - i}`));
});
