// What belongs to the person who is logged in, for all pages. It is shown at once and stored behind.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeSettings, type Kept, type Mine, merged, mine, opened, type Settings, setFavourite } from "~/api/mine";
import { i18n, nearest } from "~/i18n";
import { useSession } from "./session";

const nothing: Mine = { settings: {}, favourites: [], recent: [] };

function useMine(): Mine {
  const { me } = useSession();
  const found = useQuery({ queryKey: [me.tenant, "mine", me.user.id], queryFn: () => mine(me), staleTime: 60_000 });
  return found.data ?? nothing;
}

export const useSettings = () => useMine().settings;
export const useFavourites = () => useMine().favourites;
export const useRecent = () => useMine().recent;

/** How many notifications nobody has read. */
export const useUnread = () => 0;

function useChange<T>(store: (change: T) => Promise<Mine>, show: (now: Mine, change: T) => Mine) {
  const { me } = useSession();
  const cache = useQueryClient();
  const key = [me.tenant, "mine", me.user.id];
  return useMutation({
    mutationFn: store,
    onMutate: (change) => cache.setQueryData<Mine>(key, (now) => show(now ?? nothing, change)),
    onSuccess: (now) => cache.setQueryData(key, now),
    onError: () => cache.invalidateQueries({ queryKey: key }),
  }).mutate;
}

/** Changes settings by a merge patch: null removes. */
export function useChangeSettings() {
  const { me } = useSession();
  return useChange(
    (patch: Settings) => changeSettings(me, patch),
    (now, patch) => ({ ...now, settings: merged(now.settings, patch) }),
  );
}

export function useSetFavourite() {
  const { me } = useSession();
  return useChange(
    ({ one, is }: { one: Kept; is: boolean }) => setFavourite(me, one, is),
    (now) => now,
  );
}

/** Notes that a record was opened. */
export function useOpened() {
  const { me } = useSession();
  return useChange(
    (one: Kept) => opened(me, one),
    (now) => now,
  );
}

/** Changes who one is to the server: the language at once, without a reload. */
export function useChangeMe() {
  return async (change: { language?: string }) => {
    if (change.language) await i18n.changeLanguage(nearest(change.language));
  };
}
