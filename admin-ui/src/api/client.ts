// The one way to the server. The session is a cookie that scripts can't read.
import createClient from "openapi-fetch";
import { isUnreached, noteReached } from "./connection";
import { headersOf, looking } from "./looking";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Stored = Schemas["record"];

/** Refusal is an answer that is none: the server's problem document, in the caller's language. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = "Refusal";
  }
}

/** Offline is a request that reached no server. */
export class Offline extends Error {}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  querySerializer: { array: { style: "form", explode: false } },
  headers: headersOf(looking),
});

/** Whether a refusal says that nobody is logged in, or not any more. */
export const isLoggedOut = (error: unknown) =>
  error instanceof Refusal && ["auth.required", "auth.invalid"].includes(error.problem.code);

let tellOver = () => {};

/** Has somebody told when a request finds the session ended, whoever made it; what is returned ends that. */
export function onOver(tell: () => void) {
  tellOver = tell;
  return () => {
    tellOver = () => {};
  };
}

/** Why there is no answer: the server refuses the request. */
export function refused(problem: Problem): Refusal {
  const why = new Refusal(problem);
  if (isLoggedOut(why)) tellOver();
  return why;
}

/** The data of an answer. Throws Refusal, or Offline where there is no answer. */
export async function data<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer: Awaited<typeof call>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    noteReached(false);
    throw new Offline("offline", { cause });
  }
  noteReached(!isUnreached(answer.response));
  if (isUnreached(answer.response)) throw new Offline("offline");
  if (answer.error !== undefined) throw refused(answer.error as Problem);
  return answer.data as T;
}

/** The refusal that was thrown, if it was one. */
export const refusal = (error: unknown): Problem | undefined => (error instanceof Refusal ? error.problem : undefined);
