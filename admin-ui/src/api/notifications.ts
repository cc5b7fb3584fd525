import { client, data, type Schemas } from "./client";

export type Notification = Schemas["Notification"];

export const notifications = (signal?: AbortSignal) =>
  data(client.GET("/api/v1/me/notifications", { params: { query: { state: "open", limit: 100 } }, signal }));

export const handle = (id: string, patch: Schemas["NotificationPatch"]) =>
  data(client.PATCH("/api/v1/me/notifications/{id}", { params: { path: { id } }, body: patch }));
