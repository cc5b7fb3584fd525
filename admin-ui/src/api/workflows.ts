// Workflows that people set off on records, and what workflows did with them.
import { client, data, Offline, type Schemas } from "./client";

export type Run = Schemas["RecordRun"];
export type OpenRun = Schemas["OpenRun"];
export type RunEffect = Schemas["RunEffect"];
export type Button = Schemas["Button"];

/** A name for something that is done once. */
const newKey = () => `${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

/** The keys of presses that had no answer, by what was pressed. */
const unanswered = new Map<string, string>();

/**
 * Runs a workflow on a record; the answer tells what became of the run, so far. A press that had no answer may have been
 * taken: made again it is the same one.
 */
export async function runWorkflow(object: string, id: string, workflow: string, inputs: Record<string, unknown>) {
  const pressed = JSON.stringify([object, id, workflow, inputs]);
  const key = unanswered.get(pressed) ?? newKey();
  unanswered.set(pressed, key);
  try {
    const run = await data(
      client.POST("/api/v1/records/{object}/{id}/workflows/{workflow}", {
        params: { path: { object, id, workflow }, header: { "Idempotency-Key": key } },
        body: { inputs },
      }),
    );
    unanswered.delete(pressed);
    return run;
  } catch (error) {
    if (!(error instanceof Offline)) unanswered.delete(pressed);
    throw error;
  }
}

/** The workflows that the person may set off on records of an object, where their conditions hold. */
export const workflowsOf = (object: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/me/workflows/{object}", { params: { path: { object } }, signal }));

/** Runs a workflow on several records; inputs that are not given are as they begin for each. */
export const runOnAll = (object: string, workflow: string, records: string[], inputs: Record<string, unknown>) =>
  data(
    client.POST("/api/v1/records/{object}/workflows", {
      params: { path: { object } },
      body: { workflow, records, inputs },
    }),
  );

/** What workflows did with a record, the latest first. */
export const runsOf = (object: string, id: string, cursor?: string, signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/runs", {
      params: { path: { object, id }, query: { cursor, limit: 20 } },
      signal,
    }),
  );

/** One of those, with its steps. */
export const openRun = (object: string, id: string, run: string, signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/runs/{run}", {
      params: { path: { object, id, run } },
      signal,
    }),
  );

const at = (id: string) => ({ params: { path: { id } } });

/** Has a run that failed or was cancelled go on with the step that failed. */
export const retryRun = (id: string) => data(client.POST("/api/v1/runs/{id}/retry", at(id)));

/** Ends a run that waits. */
export const cancelRun = (id: string) => data(client.POST("/api/v1/runs/{id}/cancel", at(id)));

/** What a template says for an e-mail about a record; nothing is sent. */
export const draftMail = (object: string, id: string, workflow: string, template: string, language?: string) =>
  data(
    client.POST("/api/v1/records/{object}/{id}/workflows/{workflow}/draft", {
      params: { path: { object, id, workflow } },
      body: { template, language },
    }),
  );
