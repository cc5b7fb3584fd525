import type { Schemas } from "./client";
import { follow, type Link, linkFrom } from "./linked";

/** What somebody is asked who followed a link that they were sent. */
export type AskedDecision = Schemas["AskedDecision"];

/** Whom a link is for: it stands behind the "#", which is sent to nobody. Undefined for an address that has none. */
export function linkOf(hash: string): Link | undefined {
  const at = hash.lastIndexOf(".");
  return linkFrom(hash.slice(1, Math.max(1, at)), hash.slice(at + 1));
}

// The token is not in an address, which logs keep.
const ask = <T>(link: Link, language: string, body?: object) =>
  follow<T>(`/api/v1/decisions/${encodeURIComponent(link.tenant)}`, language, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${link.token}`, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });

export const askedBy = (link: Link, language: string) => ask<AskedDecision>(link, language);

export const decideBy = (link: Link, language: string, decision: "approved" | "rejected", comment: string) =>
  ask<undefined>(link, language, { decision, comment: comment || undefined });
