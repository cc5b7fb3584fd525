import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Stored } from "~/api/client";
import { refusal } from "~/api/client";
import { change, form, read } from "~/api/records";
import { asked, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo } from "~/ui/commands";
import { type Collision, compare } from "./conflict";
import { open, recordKey, rowOf } from "./opened";
import { patchOf, withoutSecrets } from "./patch";
import { useColumns } from "./useColumns";

type Values = Record<string, unknown>;

/** What two people changed to different values; `stored` is the record as it is by now. */
export interface Conflict {
  collisions: Collision[];
  stored: Stored;
}

const attempts = 3; // to save what does not collide, while others go on saving

/** A record, what may be done with each of its fields at the moment, and the way to change it. */
export function useRecord(object: ObjectModel, id: string, device: "desktop" | "phone") {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const cache = useQueryClient();
  const columns = useColumns(object);
  const [conflict, setConflict] = useState<Conflict>();
  const key = recordKey(me.tenant, object, id);
  const ask = (signal?: AbortSignal) => read(object.name, id, asked([...columns.values()]), signal);
  const page = useQuery({
    queryKey: [...key, "page", device],
    queryFn: ({ signal }) => open(cache, me.tenant, model, object, id, columns, device, signal),
    staleTime: Number.POSITIVE_INFINITY, // its parts are looked at anew by themselves
    gcTime: 0,
  });
  const record = useQuery<Stored>({
    queryKey: key,
    enabled: page.isSuccess,
    queryFn: ({ signal }) => ask(signal),
    // What a list knows of it is shown until it is here.
    placeholderData: () => rowOf(cache, me.tenant, object, id),
  });
  const state = useQuery({
    queryKey: [...key, "form", device],
    queryFn: ({ signal }) => form(object.name, { id, data: {}, device }, signal),
    enabled: page.isSuccess && page.data.can.update,
  });

  const put = (values: Values) => cache.setQueryData<Stored>(key, (now) => now && { ...now, ...values });

  /** Saves values on the record as it was when they were entered. On a conflict what does not collide is saved all the same. */
  // What collides is taken out of `values`: it is not saved.
  const store = async (values: Values, from: Stored, names: Values, again = attempts): Promise<Stored> => {
    try {
      return await change(object.name, id, patchOf(object, from, values), from.version);
    } catch (error) {
      if (refusal(error)?.status !== 412 || again === 0) throw error;
      const stored = await ask();
      cache.setQueryData(key, stored);
      const { free, collisions } = compare(from, values, stored);
      if (collisions.length > 0) setConflict({ collisions, stored });
      for (const one of collisions) delete values[one.field];
      if (Object.keys(free).length === 0) return stored;
      put({ ...withoutSecrets(object, free), ...names });
      return store(free, stored, names, again - 1);
    }
  };

  /** Shows the values at once; a refusal puts back what was there. */
  const save = async (
    entered: Values,
    from: Stored,
    names: Values = {},
    undoing = false,
  ): Promise<Problem | undefined> => {
    const values = { ...entered };
    await cache.cancelQueries({ queryKey: key });
    const before = cache.getQueryData<Stored>(key);
    put({ ...withoutSecrets(object, values), ...names });
    try {
      const { warnings: _, ...saved } = (await store(values, from, names)) as Stored & { warnings?: unknown };
      put(saved);
      if (!undoing) remember(values, from, saved);
      return undefined;
    } catch (error) {
      if (before) cache.setQueryData(key, before);
      return (
        refusal(error) ?? { type: "about:blank", title: "", status: 0, code: "internal", detail: t("offline.unsaved") }
      );
    } finally {
      for (const part of ["form", "history"]) void cache.invalidateQueries({ queryKey: [...key, part] });
      void cache.invalidateQueries({ queryKey: [me.tenant, object.name, "list"] });
    }
  };

  /** What was set is taken back by ⌘Z, but for secrets, which nobody has any more. */
  const remember = (values: Values, from: Stored, saved: Stored) => {
    const names = Object.keys(values).filter((name) => object.fields.get(name)?.type !== "secret");
    if (names.length === 0) return;
    const was = Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
    const label = names.map((name) => object.fields.get(name)?.label ?? name).join(", ");
    pushUndo({
      label,
      undo: async () => {
        const why = await save(was, { ...saved }, {}, true);
        if (why) throw new Error(why.detail);
        await cache.invalidateQueries({ queryKey: key });
      },
    });
  };

  return { page, record, state, save, columns, conflict, settle: () => setConflict(undefined) };
}
