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

/** A page of the bin, those deleted last first; it may be empty though more follow. */
export const bin = (object: string, q: string | undefined, cursor?: string, signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/bin/{object}", {
      params: { path: { object }, query: { q, cursor, limit: 100, names: true } },
      signal,
    }),
  );

/** A record in the bin; refused with 404 where it is not there. */
export const binned = (object: string, id: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/bin/{object}/{id}", { params: { path: { object, id } }, signal }));

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
