import type { Schemas } from "./client";
import { callBy, type Link } from "./linked";

/** What somebody is asked who followed a link that they were sent. */
export type AskedDecision = Schemas["AskedDecision"];

export const askedBy = (link: Link, language: string) => callBy<AskedDecision>("decisions", link, language);

export const decideBy = (link: Link, language: string, decision: "approved" | "rejected", comment: string) =>
  callBy<undefined>("decisions", link, language, { decision, comment: comment || undefined });
