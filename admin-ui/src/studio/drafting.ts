// The draft that somebody works on: the documents as it has them, and changes of them. A change is shown at once and
// stored behind, one after the other; what is refused is taken back and told.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import {
  type Draft,
  documents,
  drafts,
  type Key,
  makeDraft,
  type Patch,
  patchDocuments,
  planDraft,
  revertDocument,
} from "~/api/drafts";
import type { Document } from "~/api/session";
import { useSession } from "~/meta/session";
import { pushUndo } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { difference, patched } from "./patching";

/** Where the cache keeps drafts, and the documents as one has them. */
export const draftsKey = (tenant: string) => [tenant, "drafts"];
export const documentsKey = (tenant: string, draft: string | undefined) => [tenant, "drafts", draft ?? "", "documents"];
export const planKey = (tenant: string, draft: string | undefined) => [tenant, "drafts", draft ?? "", "plan"];

/** All drafts, those changed last first. */
export function useDrafts() {
  const { me } = useSession();
  return useQuery({ queryKey: draftsKey(me.tenant), queryFn: async () => (await drafts()).items, staleTime: 5_000 });
}

/** Without a draft in the address it is the one that the person made and changed last; `none` is that of nobody. */
const none = "none";

export interface Drafting {
  /** Undefined: what holds is shown, and the first change begins a draft. */
  draft: Draft | undefined;
  all: Draft[];
  ready: boolean;
  /** Works on another one; undefined: on none. */
  choose(id: string | undefined): void;
}

/** Where the cache keeps the draft that a first change began. */
const begunKey = (tenant: string) => [tenant, "drafts", "begun"];

export function useDrafting(): Drafting {
  const { me } = useSession();
  const found = useDrafts();
  const cache = useQueryClient();
  const go = useNavigate();
  const [params] = useSearchParams();
  const all = found.data ?? [];
  const asked = params.get("draft");
  const draft = asked ? all.find((one) => one.id === asked) : all.find((one) => one.by === me.user.id);
  const choose = useCallback(
    (id: string | undefined) => {
      if (!id) cache.removeQueries({ queryKey: begunKey(me.tenant), exact: true });
      // Of the page that is shown now, which may be another one than when this was begun.
      const { pathname, search } = window.location;
      const next = new URLSearchParams(search);
      next.set("draft", id ?? none);
      go({ pathname, search: next.toString() });
    },
    [cache, go, me.tenant],
  );
  return { draft, all, ready: found.isSuccess, choose };
}

export type Documents = Map<string, Document>;
export const keyOf = ({ kind, name }: Key) => `${kind}/${name}`;

/** The documents as the draft has them, by kind/name; undefined until they are here. */
export function useDocuments(): Documents | undefined {
  const { me } = useSession();
  const { draft, ready } = useDrafting();
  const found = useQuery({
    queryKey: documentsKey(me.tenant, draft?.id),
    queryFn: () => documents(draft?.id),
    enabled: ready,
    staleTime: 5_000,
    structuralSharing: false, // there may be thousands; what changes is put in their place
  });
  return useMemo(() => found.data && new Map(found.data.map((d) => [keyOf(d as Key), d])), [found.data]);
}

/** Those of one kind, by name. */
export function useKind(kind: string): Document[] | undefined {
  const all = useDocuments();
  return useMemo(() => all && [...all.values()].filter((d) => d.kind === kind), [all, kind]);
}

/** A merge patch of a document; null: it is gone. */
export interface Change {
  key: Key;
  patch: Patch | null;
}

/** Documents that are made, as changes. */
export const asChanges = (made: (Key & Patch)[]): Change[] =>
  made.map(({ kind, name, ...patch }) => ({ key: { kind, name }, patch }));

/** What a document says besides its kind and name. */
function bodyOf(document: Document): Patch {
  const { kind: _, name: __, ...body } = document as Key & Patch;
  return body;
}

export interface Changing {
  /** Lays a merge patch on a document, or makes it of that. Resolves when it is stored; false: it was refused. */
  patch(key: Key, patch: Patch, says?: string): Promise<boolean>;
  /** Lays patches on several documents, all or none; one step takes all of them back. */
  patchAll(changes: Change[], says?: string): Promise<boolean>;
  /** Makes several documents at once. */
  make(documents: (Key & Patch)[], says?: string): Promise<boolean>;
  remove(key: Key, says?: string): Promise<boolean>;
  /** The document is again what it is without the draft. */
  revert(key: Key): Promise<boolean>;
}

/** What is stored of a tenant's drafts is stored in order. */
let queue: Promise<unknown> = Promise.resolve();
/** Resolves when all that was changed so far is stored, or refused. */
export const settled = (): Promise<unknown> => queue;
const inOrder = <T>(step: () => Promise<T>): Promise<T> => {
  const done = queue.then(step, step);
  queue = done.catch(() => undefined);
  return done;
};

export function useChanging(): Changing {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const { draft, choose } = useDrafting();
  const { tenant } = me;
  const id = draft?.id;
  return useMemo(() => {
    /** The draft to change, made where there is none. */
    const begun = async (): Promise<string> => {
      if (id) return id;
      // Several changes may follow each other before the first is stored: they are of one draft.
      const known = cache.getQueryData<string>(begunKey(tenant));
      if (known && cache.getQueryData<Draft[]>(draftsKey(tenant))?.some((one) => one.id === known)) return known;
      const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" }).format(new Date());
      const made = await makeDraft(t("studio.draft_of", { day }));
      cache.setQueryData(begunKey(tenant), made.id);
      cache.setQueryData(documentsKey(tenant, made.id), cache.getQueryData(documentsKey(tenant, undefined)));
      cache.setQueryData<Draft[]>(draftsKey(tenant), (now) => [made, ...(now ?? [])]);
      // Where the address names none it is the one, being the newest.
      if (new URLSearchParams(window.location.search).has("draft")) choose(made.id);
      return made.id;
    };
    const show = (at: string | undefined, key: Key, body: Document | undefined) =>
      cache.setQueryData<Document[]>(documentsKey(tenant, at), (now) => {
        const others = (now ?? []).filter((d) => d.kind !== key.kind || d.name !== key.name);
        return body ? [...others, body].sort((a, b) => (keyOf(a as Key) < keyOf(b as Key) ? -1 : 1)) : others;
      });
    const shown = (at: string | undefined, key: Key) =>
      cache.getQueryData<Document[]>(documentsKey(tenant, at))?.find((d) => d.kind === key.kind && d.name === key.name);
    const told = (made: Draft) => {
      cache.setQueryData<Draft[]>(draftsKey(tenant), (now) => [
        made,
        ...(now ?? []).filter((one) => one.id !== made.id),
      ]);
      void cache.invalidateQueries({ queryKey: planKey(tenant, made.id) });
    };
    /** Stores a step; what it shows beforehand is taken back if it is refused. */
    const store = (shows: { key: Key; after: Document | undefined }[], step: (draft: string) => Promise<Draft>) => {
      const before = shows.map(({ key }) => ({ key, after: shown(id, key) }));
      const showAll = (at: string | undefined, all: typeof shows) => {
        for (const { key, after } of all) show(at, key, after);
      };
      showAll(id, shows);
      return inOrder(async () => {
        try {
          const at = await begun();
          if (at !== id) showAll(at, shows);
          told(await step(at));
          return true;
        } catch (error) {
          const why = refusal(error);
          notify({ text: why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"), tone: "bad" });
          showAll(id, before);
          void cache.invalidateQueries({ queryKey: draftsKey(tenant) });
          return false;
        }
      });
    };
    /** What a document is with a patch laid on it, and the patch that takes that back; undefined where nothing changes. */
    const changed = ({ key, patch: change }: Change) => {
      const before = shown(id, key);
      const after =
        change && ({ kind: key.kind, name: key.name, ...(patched(before ?? {}, change) as Patch) } as Document);
      const back = before ? (after ? difference(after, before) : bodyOf(before)) : null;
      return before ? back !== undefined && { key, after, back } : after && { key, after, back };
    };
    const patchAll = async (changes: Change[], says?: string): Promise<boolean> => {
      const made = changes.flatMap((one) => {
        const does = changed(one);
        return does ? { ...does, patch: one.patch } : [];
      });
      if (made.length === 0) return true;
      const shows = made.map(({ key, after }) => ({ key, after: after ?? undefined }));
      const done = await store(shows, (at) => patchDocuments(at, made));
      const backs = made.map(({ key, back }) => ({ key, patch: back as Patch | null })).reverse();
      if (done && says) pushUndo({ label: says, undo: () => patchAll(backs) });
      return done;
    };
    const changing: Changing = {
      patchAll,
      patch: (key, change, says) => patchAll([{ key, patch: change }], says),
      make: (made, says) => patchAll(asChanges(made), says),
      remove: (key, says) => patchAll([{ key, patch: null }], says),
      async revert(key) {
        const done = await store([{ key, after: shown(id, key) }], (at) => revertDocument(at, key));
        if (done) await cache.invalidateQueries({ queryKey: documentsKey(tenant, id) });
        return done;
      },
    };
    return changing;
  }, [cache, choose, i18n, id, t, tenant]);
}

/** What publishing the draft would do, with what stands in its way; undefined until it is known, or without a draft. */
export function usePlan() {
  const { me } = useSession();
  const { draft } = useDrafting();
  return useQuery({
    queryKey: planKey(me.tenant, draft?.id),
    queryFn: () => planDraft(draft?.id as string),
    enabled: !!draft && draft.documents.length > 0,
    staleTime: 30_000,
  });
}

/** What is wrong with a document of the draft, by the place in it; "" for the whole. */
export function useProblems(key: Key): Map<string, string> {
  const plan = usePlan().data;
  const name = keyOf(key);
  return useMemo(
    () => new Map(plan?.problems.filter((one) => one.document === name).map((one) => [one.pointer, one.detail])),
    [plan, name],
  );
}
