import { data, type Problem } from "./client";
import { isUnreached } from "./connection";

/** Whom a link in an e-mail is for. */
export interface Link {
  tenant: string;
  token: string;
}

/** A link by its parts; undefined of what is none. */
export const linkFrom = (tenant: string | undefined, token: string | null | undefined): Link | undefined =>
  tenant && token && /^[A-Za-z0-9_-]{20,2000}$/.test(token) ? { tenant, token } : undefined;

/** Whom a link is for that stands behind the "#", which is sent to nobody. Undefined for an address that has none. */
export function linkOf(hash: string): Link | undefined {
  const at = hash.lastIndexOf(".");
  return linkFrom(hash.slice(1, Math.max(1, at)), hash.slice(at + 1));
}

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

/** Calls the API with the token of a link, which is not in an address, for logs keep these. */
export const callBy = <T>(
  what: "decisions" | "questions" | "unsubscriptions",
  link: Link,
  language: string,
  body?: object,
) =>
  follow<T>(`/api/v1/${what}/${encodeURIComponent(link.tenant)}`, language, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${link.token}`, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
