// The views of an object as somebody has them: those of the configuration and those that are shared, maybe
// with a view of their own in the place of one, and their own. What they change without saving is kept apart,
// and changes nothing for others.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { applyDocument } from "~/api/documents";
import type { SavedView } from "~/api/views";
import type { Label, ViewDoc } from "~/meta/documents";
import { sessionKey } from "~/meta/mine";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useSetting } from "~/meta/settings";
import { bodyOf, docOf, useSavedViews, useStoreViews } from "~/meta/views";
import { type Changes, ofView } from "../state";

type Kept = Record<string, Changes | undefined>;

export interface Views {
  all: ViewDoc[];
  /** What stands behind the view of a name. */
  of(name: string): Listed;
  /** Of each view what was changed and not saved. */
  kept: Kept;
  keep(view: string, changes: Changes | undefined): void;
  /** Saves what a view is to say for whoever is here alone. */
  saveForMe(view: ViewDoc): Promise<unknown>;
  saveForAll(view: ViewDoc): Promise<unknown>;
  /** Saves another view; its name is returned. */
  saveNew(view: ViewDoc, label: Label, shared: SavedView["shared"]): Promise<string>;
  /** A view of everybody is again as others have it. */
  reset(name: string): Promise<unknown>;
  remove(name: string): Promise<unknown>;
}

/** What stands behind a view. */
export interface Listed {
  /** As others have it; absent: a view of the configuration. */
  saved?: SavedView;
  /** The person's own in its place. */
  instead?: SavedView;
  /** Nobody else sees it. */
  own: boolean;
  /** The system right that it takes to change it for everybody; absent: the person may. */
  lacks?: "manage_metadata" | "share_views";
}

export function useViews(object: ObjectModel): Views {
  const { me } = useSession();
  const cache = useQueryClient();
  const saved = useSavedViews(object.name);
  const store = useStoreViews();
  const [instead, setInstead] = useSetting<Record<string, string>>(`instead.${object.name}`);
  const [kept, setKept] = useSetting<Kept>(`kept.${object.name}`);
  const listed = useMemo(() => listedViews(object.views, saved, instead ?? {}), [object, saved, instead]);
  const keep = useCallback(
    (view: string, changes: Changes | undefined) => {
      const mine = ofView.flatMap((name) => (changes?.[name] === undefined ? [] : [[name, changes[name]] as const]));
      setKept({ ...kept, [view]: mine.length > 0 ? Object.fromEntries(mine) : undefined });
    },
    [kept, setKept],
  );
  const of = (name: string): Listed => {
    const one = saved.find((view) => view.id === name);
    const right = one ? "share_views" : "manage_metadata";
    const may = one?.owner === me.user.id || me.rights.system.includes(right);
    return {
      saved: one,
      instead: saved.find((view) => view.id === instead?.[name]),
      own: one?.shared === "me",
      lacks: may ? undefined : right,
    };
  };
  const reset = async (name: string) => {
    const mine = of(name).instead;
    setInstead({ ...instead, [name]: undefined } as Record<string, string>);
    if (mine) await store.remove(mine.id);
  };
  return {
    all: listed,
    of,
    kept: kept ?? {},
    keep,
    async saveForMe(view) {
      const { saved: one, instead: mine, own } = of(view.name);
      const changed = own ? one : mine;
      if (changed) return store.change(changed, bodyOf(view));
      const made = await store.save(bodyOf(view), "me");
      setInstead({ ...instead, [view.name]: made.id });
    },
    async saveForAll(view) {
      const { saved: one, instead: mine } = of(view.name);
      if (one) await store.change(one, bodyOf(view));
      else {
        await applyDocument(view);
        await cache.invalidateQueries({ queryKey: sessionKey });
      }
      if (mine) await reset(view.name);
    },
    async saveNew(view, label, shared) {
      const { order: _, description: __, ...body } = bodyOf(view);
      return (await store.save({ ...body, label }, shared)).id;
    },
    reset,
    remove: (name) => store.remove(name),
  };
}

/** The views of the configuration, then those that are saved; in the place of one is what somebody has instead. */
export function listedViews(documents: ViewDoc[], saved: SavedView[], instead: Record<string, string>): ViewDoc[] {
  const known = new Map(saved.map((one) => [one.id, one]));
  const shared = saved.filter((one) => one.shared === "everyone").map(docOf);
  const names = new Set([...documents, ...shared].map((view) => view.name));
  // What stood in the place of a view that is gone is a view by itself.
  const replaced = new Set(
    Object.keys(instead)
      .filter((name) => names.has(name))
      .map((name) => instead[name]),
  );
  const mine = saved.filter((one) => one.shared === "me" && !replaced.has(one.id)).map(docOf);
  return [...documents, ...shared, ...mine].map((view) => {
    const other = known.get(instead[view.name] ?? "");
    return other ? { ...docOf(other), name: view.name } : view;
  });
}
