// Workflows as somebody shapes them: tried, looked at over the past, and their runs.
import { client, data, type Schemas } from "./client";
import type { Document } from "./session";

export type Tried = Schemas["Tried"];
export type StepDone = Schemas["RunStep"];
export type Effect = Schemas["RunEffect"];
export type ListedRun = Schemas["ListedRun"];
export type WholeRun = Schemas["Run"];
export type Backtested = Schemas["Backtested"];

/** What a workflow would do with a record, as a document says it; nothing is done. */
export const tryWorkflow = (name: string, document: Document, record: string | undefined): Promise<Tried> =>
  data(
    client.POST("/api/v1/workflows/{name}/try", {
      params: { path: { name } },
      body: { document: document as never, ...(record && { record }) },
    }),
  );

/** When it would have been set off in the last days. */
export const backtest = (document: Document, days: number): Promise<Backtested> =>
  data(client.POST("/api/v1/workflows/backtest", { body: { document: document as never, days } }));

export const runsOfWorkflow = (workflow: string) =>
  data(client.GET("/api/v1/runs", { params: { query: { workflow, limit: 30 } } }));
export const wholeRun = (id: string): Promise<WholeRun> =>
  data(client.GET("/api/v1/runs/{id}", { params: { path: { id } } }));
