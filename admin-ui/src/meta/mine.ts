// What belongs to the person who is logged in, for all pages. A change is shown at once and stored behind;
// what can't be stored is taken back.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  changeSettings,
  type FormatSettings,
  isMarked,
  type Kept,
  marked,
  merged,
  opened,
  type Settings,
  setFavourite,
  visited,
} from "~/api/mine";
import { changeProfile, type Me, type Profile, sessionKey, type Workspace } from "~/api/session";
import { i18n, nearest } from "~/i18n";
import { useSession } from "./session";

export type { FormatSettings, Kept, Settings };
export { sessionKey };

export const useSettings = () => useSession().me.settings;
export const useFavourites = () => useSession().me.favourites;
export const useRecent = () => useSession().me.recent;
export const useIsFavourite = (one: Kept) => isMarked(useFavourites(), one);

/** How many notifications nobody has read. */
export const useUnread = (): number => useSession().me.unread;

/** Where the cache keeps what waits for a person. */
export const inboxKey = (me: Me) => [me.tenant, "notifications", me.user.id];

function useChange<T>(store: (change: T) => Promise<unknown>, show: (now: Workspace, change: T) => Workspace) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: store,
    onMutate: (change) => {
      const before = cache.getQueryData<Workspace>(sessionKey);
      cache.setQueryData<Workspace>(sessionKey, (now) => now && show(now, change));
      return before;
    },
    onError: (_, __, before) => cache.setQueryData(sessionKey, before),
  });
}

/** Changes settings by a merge patch: null removes. */
export const useChangeSettings = () =>
  useChange(changeSettings, (now, patch: Settings) => ({ ...now, settings: merged(now.settings, patch) })).mutate;

export const useSetFavourite = () =>
  useChange(
    ({ one, is }: { one: Kept; is: boolean }) => setFavourite(one, is),
    (now, { one, is }) => ({ ...now, favourites: marked(now.favourites, one, is) }),
  ).mutate;

/** Notes that a record was opened. */
export const useOpened = () =>
  useChange(opened, (now, one: Kept) => ({ ...now, recent: visited(now.recent, one) })).mutate;

/** Changes one's own name, language or time zone. What is refused is thrown. */
export function useChangeProfile() {
  const change = useChange(changeProfile, (now, { name, language, time_zone }: Profile) => ({
    ...now,
    language: language ?? now.language,
    user: {
      ...now.user,
      name: name ?? now.user.name,
      language: language ?? now.user.language,
      timezone: time_zone ?? now.user.timezone,
    },
  }));
  return async (profile: Profile) => {
    if (profile.language) await i18n.changeLanguage(nearest(profile.language));
    await change.mutateAsync(profile);
  };
}
