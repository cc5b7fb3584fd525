// The saved views of the person who is logged in, and those that others share. They come with the session, in
// which a change is put once it is stored.
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { refusal } from "~/api/client";
import type { Workspace } from "~/api/session";
import { changeView, removeView, type SavedView, saveView } from "~/api/views";
import type { ViewDoc } from "./documents";
import { sessionKey } from "./mine";
import { useSession } from "./session";
import { patchTo } from "./settings";

/** What a view says, whatever it is called and whoever's it is. */
export type ViewBody = Omit<ViewDoc, "kind" | "name">;

/** A saved view as a list reads it; its id is its name. */
export const docOf = (saved: SavedView): ViewDoc => {
  const { id, owner: _, version: __, shared: ___, ...body } = saved;
  return { ...body, kind: "view", name: id } as ViewDoc;
};

export const bodyOf = ({ kind: _, name: __, ...body }: ViewDoc): ViewBody => body;

export function useSavedViews(object: string): SavedView[] {
  const { views } = useSession().me;
  return useMemo(() => views.filter((one) => one.object === object), [views, object]);
}

/** Stores changes of saved views. What is refused is thrown. */
export function useStoreViews() {
  const cache = useQueryClient();
  const put = (change: (views: SavedView[]) => SavedView[]) =>
    cache.setQueryData<Workspace>(sessionKey, (now) => now && { ...now, views: change(now.views) });
  return {
    async save(body: ViewBody, shared: SavedView["shared"]) {
      const saved = await saveView({ ...body, shared });
      put((views) => [...views, saved]);
      return saved;
    },
    /** Makes a view say something else. Where somebody changed it meanwhile, it is read again and nothing is stored. */
    async change(view: SavedView, body: ViewBody) {
      try {
        const saved = await changeView(view, patchTo(bodyOf(docOf(view)), body));
        put((views) => views.map((one) => (one.id === saved.id ? saved : one)));
      } catch (error) {
        if (refusal(error)?.status === 412) void cache.invalidateQueries({ queryKey: sessionKey });
        throw error;
      }
    },
    async remove(id: string) {
      await removeView(id);
      put((views) => views.filter((one) => one.id !== id));
    },
  };
}
