// What somebody was entering is kept in the browser's tab until it is saved or thrown away, so that it survives a reload.
import type { ObjectModel } from "~/meta/model";

export interface Draft {
  values: Record<string, unknown>;
  names: Record<string, string | null>;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The tab's own storage; undefined where the browser refuses one. */
function ofTab(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** Forgets the drafts of everybody but one. */
export function forgetDrafts(but?: string, store: (Store & Pick<Storage, "length" | "key">) | undefined = ofTab()) {
  const keys = Array.from({ length: store?.length ?? 0 }, (_, i) => store?.key(i) ?? "");
  for (const key of keys)
    if (key.startsWith("draft/") && !(but && key.startsWith(`draft/${but}/`))) store?.removeItem(key);
}

/** A draft of a person's, by what it is of. Secrets are never kept. */
export function draftOf(object: ObjectModel, person: string, what: string, store: Store | undefined = ofTab()) {
  const kept = writingOf<Draft>(person, `${object.name}/${what}`, store);
  const isSecret = (name: string) => object.fields.get(name)?.type === "secret";
  return {
    read(): Draft | undefined {
      const found = kept.read();
      if (!found?.values) return undefined;
      const known = Object.entries(found.values).filter(([name]) => object.fields.has(name) && !isSecret(name));
      return { values: Object.fromEntries(known), names: found.names };
    },
    keep({ values, names }: Draft) {
      kept.keep({ values: Object.fromEntries(Object.entries(values).filter(([name]) => !isSecret(name))), names });
    },
    forget() {
      kept.keep(undefined);
    },
  };
}

/** A text that somebody is writing, and what belongs to it. */
export interface Writing<T> {
  read(): T | undefined;
  keep(written: T | undefined): void;
}

/** What a person is writing, by what it is of; it is forgotten with their drafts. */
export function writingOf<T>(person: string, what: string, store: Store | undefined = ofTab()): Writing<T> {
  const key = `draft/${person}/${what}`;
  return {
    read() {
      try {
        return (JSON.parse(store?.getItem(key) ?? "null") as T | null) ?? undefined;
      } catch {
        return undefined;
      }
    },
    keep(written) {
      try {
        if (written) store?.setItem(key, JSON.stringify(written));
        else store?.removeItem(key);
      } catch {
        // The tab has no room for it: it is not kept.
      }
    },
  };
}
