// The browser's own database, as promises. It holds what one person has read: the session, and parts by name.
import type { QueryKey } from "@tanstack/react-query";

/** Whose data there is: other data is not shown with it. */
export interface Scope {
  tenant: string;
  user: string;
  language: string;
  revision: number;
  /** As JSON. */
  rights: string;
}

export interface KeptSession {
  scope: Scope;
  /** When the server said it, in ms. */
  at: number;
  data: unknown;
}

/** What was read by one question. */
export interface Part {
  hash: string;
  key: QueryKey;
  at: number;
  data: unknown;
}

/** What is known of a part without reading it. */
export interface Entry {
  hash: string;
  /** Parts of a record go together. */
  group: string;
  bytes: number;
  /** When it was read last, in ms. */
  used: number;
}

/** What keeps things; a test has one in memory. */
export interface Store {
  session(): Promise<KeptSession | undefined>;
  /** Notes whose data there is from now on. What is of anybody else, or of other rights, goes in the same step. */
  enter(session: KeptSession): Promise<void>;
  part(hash: string, now: number): Promise<Part | undefined>;
  entries(): Promise<Entry[]>;
  /** Keeps parts of a scope and drops others, unless the scope is another by now. */
  change(scope: Scope, keeps: { part: Part; entry: Entry }[], drops: string[]): Promise<void>;
  /** Nothing is left. */
  wipe(): Promise<void>;
}

export const sameScope = (a: Scope | undefined, b: Scope) =>
  a !== undefined &&
  a.tenant === b.tenant &&
  a.user === b.user &&
  a.language === b.language &&
  a.revision === b.revision &&
  a.rights === b.rights;

const stores = ["session", "parts", "entries"] as const;
const only = "now"; // the key of the one session

/** The database of this browser. Whatever fails, as where a browser has none, rejects. */
export function browserStore(name = "formwork"): Store {
  let opening: Promise<IDBDatabase> | undefined;
  const open = () => {
    opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("session");
        request.result.createObjectStore("parts", { keyPath: "hash" });
        request.result.createObjectStore("entries", { keyPath: "hash" });
      };
      request.onsuccess = () => {
        // A browser that is short of room takes a database away; what comes next begins with another.
        request.result.onclose = () => {
          opening = undefined;
        };
        resolve(request.result);
      };
      request.onerror = () => reject(request.error);
    });
    return opening;
  };
  /** Does something in one transaction; resolves once it is stored. */
  const within = async <T>(
    mode: IDBTransactionMode,
    run: (of: (name: (typeof stores)[number]) => IDBObjectStore) => Promise<T>,
  ) => {
    const transaction = (await open()).transaction(stores, mode);
    const stored = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    stored.catch(() => undefined); // it is told below
    const result = await run((name) => transaction.objectStore(name));
    await stored;
    return result;
  };
  return {
    session: () => within("readonly", (of) => asked<KeptSession | undefined>(of("session").get(only))),
    enter: (session) =>
      within("readwrite", async (of) => {
        const before = await asked<KeptSession | undefined>(of("session").get(only));
        if (!sameScope(before?.scope, session.scope))
          for (const name of ["parts", "entries"] as const) of(name).clear();
        of("session").put(session, only);
      }),
    part: (hash, now) =>
      within("readwrite", async (of) => {
        const part = await asked<Part | undefined>(of("parts").get(hash));
        const entry = part && (await asked<Entry | undefined>(of("entries").get(hash)));
        if (entry) of("entries").put({ ...entry, used: now });
        return part;
      }),
    entries: () => within("readonly", (of) => asked<Entry[]>(of("entries").getAll())),
    change: (scope, keeps, drops) =>
      within("readwrite", async (of) => {
        const now = await asked<KeptSession | undefined>(of("session").get(only));
        if (!sameScope(now?.scope, scope)) return;
        for (const { part, entry } of keeps) {
          of("parts").put(part);
          of("entries").put(entry);
        }
        for (const hash of drops) for (const name of ["parts", "entries"] as const) of(name).delete(hash);
      }),
    wipe: () =>
      within("readwrite", async (of) => {
        for (const name of stores) of(name).clear();
      }),
  };
}

const asked = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
