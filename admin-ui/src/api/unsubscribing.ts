import type { Schemas } from "./client";
import { callBy, follow, type Link, linkFrom } from "./linked";

/** What somebody unsubscribes from who followed the link in an e-mail. */
export type Unsubscription = Schemas["Unsubscription"];

/** Whom the address of the page is for; undefined for one that has no token. */
export const leaverOf = (at: Pick<Location, "pathname" | "search">): Link | undefined =>
  linkFrom(/^\/unsubscribe\/([^/]+)$/.exec(at.pathname)?.[1], new URLSearchParams(at.search).get("token"));

export const unsubscriptionOf = (link: Link, language: string) =>
  callBy<Unsubscription>("unsubscriptions", link, language);

/** Unsubscribes, as a program that reads mail does. */
export const unsubscribe = (link: Link, language: string) =>
  follow<undefined>(`/unsubscribe/${encodeURIComponent(link.tenant)}?token=${link.token}`, language, {
    method: "POST",
    body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }),
  });
