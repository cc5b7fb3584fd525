// What people tell each other about a record.
import { client, data, type Schemas } from "./client";

export type Comment = Schemas["Comment"];

const at = (object: string, id: string) => ({ params: { path: { object, id } } });

export const comments = (object: string, id: string, cursor?: string, signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/comments", {
      params: { path: { object, id }, query: { cursor } },
      signal,
    }),
  );

export const comment = (object: string, id: string, text: string) =>
  data(client.POST("/api/v1/records/{object}/{id}/comments", { ...at(object, id), body: { text } }));

export const changeComment = (object: string, id: string, comment: string, text: string) =>
  data(
    client.PATCH("/api/v1/records/{object}/{id}/comments/{comment}", {
      params: { path: { object, id, comment } },
      body: { text },
    }),
  );

export const removeComment = (object: string, id: string, comment: string) =>
  data(
    client.DELETE("/api/v1/records/{object}/{id}/comments/{comment}", { params: { path: { object, id, comment } } }),
  );
