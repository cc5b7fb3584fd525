// What somebody does with the things on a page: what is chosen, what is being added, and every edit as one patch.
import { createContext, useContext, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import { labelOf } from "~/studio/DocumentList";
import { useChanging } from "~/studio/drafting";
import { type Json, patchAt } from "~/studio/patching";
import { added, isThere, keyOfThing, moved, nameOfThing, type Path, removed } from "./edits";

/** A place between two things: before one of a collection, or last. */
export interface Gap {
  collection: Path;
  before?: string;
}

export interface Designing {
  document: Document;
  chosen: Path | undefined;
  choose(path: Path | undefined): void;
  adding: Gap | undefined;
  ask(gap: Gap | undefined): void;
  add(path: Path, value: Json, before?: string): Promise<boolean>;
  move(path: Path, collection: Path, before?: string): void;
  remove(path: Path): void;
  change(path: Path, value: Json | undefined): void;
  called(path: Path): string;
}

/** `at` in the address is the thing that is chosen. */
export function useDesign(document: Document, called: (path: Path) => string): Designing {
  const { t, i18n } = useTranslation();
  const { patch } = useChanging();
  const [params, setParams] = useSearchParams();
  const [adding, setAdding] = useState<Gap>();
  const at = params.get("at");
  return useMemo(() => {
    const whole = labelOf(document, i18n.language);
    const key = { kind: String(document.kind), name: String(document.name) };
    const said = (change: Patch | undefined, says: string) =>
      change ? patch(key, change, says) : Promise.resolve(true);
    const path = at?.split("/");
    const there = path && isThere(document, path);
    const choose = (next: Path | undefined) => {
      setAdding(undefined);
      setParams(
        (now) => {
          const to = new URLSearchParams(now);
          if (next) to.set("at", keyOfThing(next));
          else to.delete("at");
          if (next?.[0] === "tabs") to.set("tab", next[1] as string); // what is chosen is seen
          return to;
        },
        { replace: true },
      );
    };
    return {
      document,
      chosen: there ? path : undefined,
      choose,
      adding,
      ask: setAdding,
      add(one, value, before) {
        setAdding(undefined);
        choose(one);
        return said(added(document, one, value, before), t("studio.pages.added", { label: called(one) }));
      },
      move(one, collection, before) {
        const change = moved(document, one, collection, before);
        if (change && chosenIs(path, one)) choose([...collection, nameOfThing(one)]);
        void said(change, t("studio.pages.moved", { label: called(one) }));
      },
      remove(one) {
        if (path && keyOfThing(path).startsWith(keyOfThing(one))) choose(undefined);
        void said(removed(document, one), t("studio.removed", { label: called(one) }));
      },
      change: (one, value) =>
        void said(patchAt([...one], value), t("studio.changed_this", { label: path ? called(path) : whole })),
      called,
    };
  }, [document, at, adding, patch, setParams, called, t, i18n.language]);
}

const chosenIs = (chosen: Path | undefined, path: Path) =>
  chosen !== undefined && keyOfThing(chosen) === keyOfThing(path);

const context = createContext<Designing | undefined>(undefined);
export const DesigningProvider = context.Provider;
export function useDesigning(): Designing {
  const designing = useContext(context);
  if (!designing) throw new Error("nothing is designed here");
  return designing;
}
