import { data, type Problem } from "./client";
import { isUnreached } from "./connection";

/** Whom a link is for: it stands behind the "#", which is sent to nobody. Undefined for an address that has none. */
export function linkOf(hash: string): { tenant: string; token: string } | undefined {
  const at = hash.lastIndexOf(".");
  const [tenant, token] = [hash.slice(1, at), hash.slice(at + 1)];
  return at > 1 && /^[A-Za-z0-9_-]{20,200}$/.test(token) ? { tenant, token } : undefined;
}

export type Link = NonNullable<ReturnType<typeof linkOf>>;

/** Calls the API for who followed a link. Nobody is logged in: the token is all that is sent, and not in an address, which logs keep. */
export async function callBy<T>(
  what: "decisions" | "questions",
  link: Link,
  language: string,
  body?: object,
): Promise<T> {
  const call = fetch(`/api/v1/${what}/${encodeURIComponent(link.tenant)}`, {
    method: body ? "POST" : "GET",
    credentials: "omit",
    headers: {
      Authorization: `Bearer ${link.token}`,
      "Accept-Language": language,
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  }).then(async (response) => {
    if (isUnreached(response)) return { response };
    const said = response.status === 204 ? undefined : await response.json();
    return response.ok ? { data: said as T, response } : { error: said as Problem, response };
  });
  return data(call);
}
