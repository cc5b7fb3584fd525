// What was: the history of a record, the bin, records that are probably the same, and merging them.
import { client, data, type Schemas } from "./client";

export type HistoryEntry = Schemas["HistoryEntry"];
export type Match = Schemas["Match"];
export type Binned = Schemas["Binned"];

export const history = (object: string, id: string, cursor?: string, signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/history", {
      params: { path: { object, id }, query: { cursor, limit: 20 } },
      signal,
    }),
  );

export const bin = (object: string, cursor?: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/bin/{object}", { params: { path: { object }, query: { cursor, limit: 100 } }, signal }));

export const duplicates = (object: string, id: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/records/{object}/{id}/duplicates", { params: { path: { object, id } }, signal }));

/** Makes other records part of one, which gets the values besides. */
export const merge = (object: string, id: string, from: string[], values: Record<string, unknown>) =>
  data(
    client.POST("/api/v1/records/{object}/{id}/merge", {
      params: { path: { object, id } },
      body: { from, data: values },
    }),
  );
