import { client, data, type Schemas } from "./client";

export type Notification = Schemas["Notification"];

export const notifications = (signal?: AbortSignal) =>
  data(client.GET("/api/v1/me/notifications", { params: { query: { state: "open", limit: 100 } }, signal }));

/** What others changed last of the records that one follows, whether it is done or not. */
export const changes = (limit: number, signal?: AbortSignal) =>
  data(client.GET("/api/v1/me/notifications", { params: { query: { state: "any", kind: "changed", limit } }, signal }));

export const handle = (id: string, patch: Schemas["NotificationPatch"]) =>
  data(client.PATCH("/api/v1/me/notifications/{id}", { params: { path: { id } }, body: patch }));
