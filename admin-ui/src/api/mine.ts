// What belongs to the person who is logged in: settings, favourites, what was opened lately. All of it comes
// with the session.
import { client, data, type Schemas } from "./client";

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

/** Changes settings by a merge patch: null removes. */
export const changeSettings = (patch: Settings) => data(client.PATCH("/api/v1/me/settings", { body: patch }));

export const setFavourite = ({ object, id }: Kept, is: boolean) => {
  const params = { params: { path: { object, id } } };
  return data(
    is
      ? client.PUT("/api/v1/me/favourites/{object}/{id}", params)
      : client.DELETE("/api/v1/me/favourites/{object}/{id}", params),
  );
};

/** Has the person notified of what others do with a record, or no longer. */
export const setFollowed = ({ object, id }: Kept, is: boolean) => {
  const params = { params: { path: { object, id } } };
  return data(
    is
      ? client.PUT("/api/v1/records/{object}/{id}/follow", params)
      : client.DELETE("/api/v1/records/{object}/{id}/follow", params),
  );
};

/** Notes that a record was opened. */
export const opened = ({ object, id }: Kept) =>
  data(client.PUT("/api/v1/me/recent/{object}/{id}", { params: { path: { object, id } } }));

const most = 100; // that the server keeps

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
