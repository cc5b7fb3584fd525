// What belongs to the person who is logged in: settings, favourites, what was opened lately.
// It is kept in this browser until the server keeps it; nobody but this file knows.
import type { Schemas } from "./client";

export type Kept = Schemas["Favourite"];
export type Opened = Schemas["Visit"];

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
  dates?: "numeric" | "iso";
  clock?: "12" | "24";
}

interface Mine {
  settings: Settings;
  favourites: Kept[];
  recent: Opened[];
}

const most = 100;
let place = "";

/** What the server says of a person, with what this browser keeps of them. */
export function kept<T extends Omit<Schemas["Workspace"], "settings">>(said: T & { settings: unknown }) {
  place = `formwork.mine.${said.tenant}.${said.user.id}`;
  return { ...said, ...here() };
}

const here = (): Mine => ({
  settings: {},
  favourites: [],
  recent: [],
  ...(JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Mine>),
});
const keep = (change: Partial<Mine>) => localStorage.setItem(place, JSON.stringify({ ...here(), ...change }));

/** Changes settings by a merge patch: null removes. */
export const changeSettings = async (patch: Settings) => keep({ settings: merged(here().settings, patch) });
export const setFavourite = async (one: Kept, is: boolean) => keep({ favourites: marked(here().favourites, one, is) });
export const opened = async (one: Kept) => keep({ recent: visited(here().recent, one) });

const same = (a: Kept, b: Kept) => a.object === b.object && a.id === b.id;
export const isMarked = (favourites: Kept[], one: Kept) => favourites.some((other) => same(other, one));

/** The favourites after one was marked, or no longer is. */
export const marked = (now: Kept[], one: Kept, is: boolean): Kept[] => [
  ...now.filter((other) => !same(other, one)),
  ...(is ? [one] : []),
];

/** What was opened lately after one more was. */
export const visited = (now: Opened[], one: Kept): Opened[] =>
  [{ ...one, at: new Date().toISOString() }, ...now.filter((other) => !same(other, one))].slice(0, most);

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
