import { client, data, type Schemas } from "./client";

export type Tried = Schemas["ExpressionTried"];
export type FunctionHelp = Schemas["FunctionHelp"];

/** What is wrong with an expression that somebody writes, or what it results in; as a draft would have it, if one is given. */
export const tryExpression = (asked: Schemas["TriedExpression"], draft?: string): Promise<Tried> =>
  data(client.POST("/api/v1/expressions", { body: asked, headers: draft ? { "X-Draft": draft } : {} }));

/** The functions that expressions may call, explained. */
export const functions = async (): Promise<FunctionHelp[]> =>
  (await data(client.GET("/api/v1/schemas/functions"))).items;
