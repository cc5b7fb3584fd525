// Which rows are chosen: some by their ids, or all that are asked for but some.
import { useCallback, useMemo } from "react";
import { create } from "zustand";

interface Chosen {
  /** Of which list: another list begins with nothing chosen. */
  of: string;
  all: boolean;
  ids: Set<string>;
  anchor?: number;
}

const none: Chosen = { of: "", all: false, ids: new Set() };
const useChosen = create<Chosen>(() => none);

export interface Selection {
  all: boolean;
  /** All but those of `ids`. */
  but: boolean;
  /** Those that are chosen; with `but`: those that are not. */
  ids: Set<string>;
  anchor: number | undefined;
  has(id: string): boolean;
  /** Turns one, or adds several. */
  choose(ids: string[], add: boolean, anchor: number): void;
  toggleAll(): void;
  clear(): void;
}

/** `of` names the list and what it asks for. */
export function useSelection(of: string): Selection {
  const state = useChosen();
  const now = state.of === of ? state : none;
  const set = useCallback((next: Partial<Chosen>) => useChosen.setState({ ...next, of }), [of]);
  return useMemo(
    () => ({
      all: now.all && now.ids.size === 0,
      but: now.all,
      ids: now.ids,
      anchor: now.anchor,
      has: (id) => now.all !== now.ids.has(id),
      choose(ids, add, anchor) {
        const next = new Set(now.ids);
        for (const id of ids) {
          const chosen = now.all !== next.has(id);
          if (add && chosen) continue;
          if (next.has(id)) next.delete(id);
          else next.add(id);
        }
        set({ all: now.all, ids: next, anchor });
      },
      toggleAll: () => set({ all: !(now.all && now.ids.size === 0), ids: new Set(), anchor: undefined }),
      clear: () => set(none),
    }),
    [now, set],
  );
}
