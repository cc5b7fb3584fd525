// What belongs to the person who is logged in: settings, favourites, what was opened lately.
// It is kept in this browser until the server keeps it (GET /session, /me/settings, /me/favourites, /me/recent).
import type { Me } from "./session";

export interface Kept {
  object: string;
  id: string;
  name: string;
}
export interface Opened extends Kept {
  at: string;
}
export interface Settings {
  theme?: "light" | "dark" | "auto";
  density?: "compact" | "comfortable";
  /** Whether keys that are one character work; absent: they do. */
  shortcuts?: boolean;
  formats?: FormatSettings;
  [other: string]: unknown;
}
/** How values are written; what is absent is as the language has it. */
export interface FormatSettings {
  /** Whose numbers and dates: a language tag such as `de-CH`. */
  locale?: string;
  dates?: "medium" | "iso" | "numeric";
  clock?: "12" | "24";
}
export interface Mine {
  settings: Settings;
  favourites: Kept[];
  recent: Opened[];
}

const most = 100;
const place = (me: Me) => `formwork.mine.${me.tenant}.${me.user.id}`;

export async function mine(me: Me): Promise<Mine> {
  const text = localStorage.getItem(place(me));
  return { settings: {}, favourites: [], recent: [], ...(text ? (JSON.parse(text) as Partial<Mine>) : {}) };
}

const keep = async (me: Me, change: (now: Mine) => Mine): Promise<Mine> => {
  const next = change(await mine(me));
  localStorage.setItem(place(me), JSON.stringify(next));
  return next;
};

/** Changes settings by a merge patch: null removes. */
export const changeSettings = (me: Me, patch: Settings) =>
  keep(me, (now) => ({ ...now, settings: merged(now.settings, patch) }));

export const setFavourite = (me: Me, one: Kept, is: boolean) =>
  keep(me, (now) => ({
    ...now,
    favourites: [...now.favourites.filter((other) => !same(other, one)), ...(is ? [one] : [])],
  }));

export const opened = (me: Me, one: Kept) =>
  keep(me, (now) => ({
    ...now,
    recent: [{ ...one, at: new Date().toISOString() }, ...now.recent.filter((other) => !same(other, one))].slice(
      0,
      most,
    ),
  }));

const same = (a: Kept, b: Kept) => a.object === b.object && a.id === b.id;

/** What settings are after a merge patch. */
export function merged<T extends object>(now: T, patch: object): T {
  const next = { ...now } as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete next[key];
    else if (typeof value === "object" && !Array.isArray(value)) next[key] = merged((next[key] as object) ?? {}, value);
    else next[key] = value;
  }
  return next as T;
}
