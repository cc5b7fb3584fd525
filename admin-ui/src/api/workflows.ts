// Workflows that people set off on records.
import { client, data } from "./client";

/** Runs a workflow on a record; the answer tells what became of the run, so far. */
export const runWorkflow = (object: string, id: string, workflow: string, inputs: Record<string, unknown>) =>
  data(
    client.POST("/api/v1/records/{object}/{id}/workflows/{workflow}", {
      params: { path: { object, id, workflow } },
      body: { inputs },
    }),
  );
