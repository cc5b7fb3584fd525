// What people are asked to decide about records.
import { client, data, type Schemas } from "./client";

export type Approval = Schemas["Approval"];

/** What waits for the person's decision, newest first. */
export const myApprovals = (signal?: AbortSignal) => data(client.GET("/api/v1/me/approvals", { signal }));

const at = (id: string) => ({ params: { path: { id } } });

export const decide = (id: string, decision: Schemas["Decision"]["decision"], comment: string) =>
  data(client.POST("/api/v1/approvals/{id}/decide", { ...at(id), body: { decision, comment: comment || undefined } }));

export const passOn = (id: string, to: string, comment: string) =>
  data(client.POST("/api/v1/approvals/{id}/pass-on", { ...at(id), body: { to, comment: comment || undefined } }));

export const recall = (id: string) => data(client.POST("/api/v1/approvals/{id}/recall", at(id)));
