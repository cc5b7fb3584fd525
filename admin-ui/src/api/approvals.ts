// What people are asked to decide about records.
import { client, data, type Schemas } from "./client";

export type Approval = Schemas["Approval"];

const at = (id: string) => ({ params: { path: { id } } });

export const decide = (id: string, decision: Schemas["Decision"]["decision"], comment: string) =>
  data(client.POST("/api/v1/approvals/{id}/decide", { ...at(id), body: { decision, comment: comment || undefined } }));

export const passOn = (id: string, to: string, comment: string) =>
  data(client.POST("/api/v1/approvals/{id}/pass-on", { ...at(id), body: { to, comment: comment || undefined } }));

export const recall = (id: string) => data(client.POST("/api/v1/approvals/{id}/recall", at(id)));
