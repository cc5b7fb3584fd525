import type { Schemas } from "./client";
import { callBy, type Link } from "./linked";

/** What somebody outside is asked who followed a link that they were sent. */
export type AskedQuestion = Schemas["AskedQuestion"];

export const questionBy = (link: Link, language: string) => callBy<AskedQuestion>("questions", link, language);

export const answerBy = (link: Link, language: string, inputs: Record<string, unknown>) =>
  callBy<undefined>("questions", link, language, { inputs });
