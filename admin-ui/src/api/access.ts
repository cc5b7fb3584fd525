// Why somebody may or may not do something.
import { client, data, type Schemas } from "./client";

export type Question = Schemas["AccessQuestion"];
export type Explanation = Schemas["AccessExplanation"];
export type Grant = Explanation["grants"][number];

/** Explains a decision; as a draft would have it, if one is given. */
export const explain = (asked: Question, draft?: string): Promise<Explanation> =>
  data(client.POST("/api/v1/access/explain", { body: asked, headers: draft ? { "X-Draft": draft } : {} }));
