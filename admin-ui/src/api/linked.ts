import { i18n } from "~/i18n";
import { data, Offline, type Problem, refusal } from "./client";
import { isUnreached } from "./connection";

/** Whom a link in an e-mail is for. */
export interface Link {
  tenant: string;
  token: string;
}

/** A link by its parts; undefined of what is none. */
export const linkFrom = (tenant: string | undefined, token: string | null | undefined): Link | undefined =>
  tenant && token && /^[A-Za-z0-9_-]{20,2000}$/.test(token) ? { tenant, token } : undefined;

/** Asks something for whoever followed a link, who has not logged in: the token is all that is sent. */
export async function follow<T>(path: string, language: string, init: RequestInit): Promise<T> {
  const call = fetch(path, {
    ...init,
    credentials: "omit",
    headers: { ...init.headers, "Accept-Language": language },
  }).then(async (response) => {
    if (isUnreached(response)) return { response };
    const said = response.status === 204 ? undefined : await response.json();
    return response.ok ? { data: said as T, response } : { error: said as Problem, response };
  });
  return data(call);
}

/** What whoever followed a link is told of what went wrong. */
export const said = (error: unknown): string =>
  refusal(error)?.detail ?? i18n.t(error instanceof Offline ? "error.offline" : "error.internal");
