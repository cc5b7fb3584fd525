// Drafts of the configuration: changes that people gather, look at, and publish together.
import { client, data, type Schemas } from "./client";
import type { Document } from "./session";

export type Draft = Schemas["Draft"];
export type DraftPlan = Schemas["DraftPlan"];
export type Plan = Schemas["Plan"];
export type Finding = Schemas["Finding"];
export type Impact = Schemas["Impact"];
export type Conflict = Schemas["Conflict"];
export type DraftPeople = Schemas["DraftPeople"];
export type Revision = Schemas["Revision"];
/** A document's kind and name. */
export interface Key {
  kind: string;
  name: string;
}
/** A merge patch (RFC 7396): what is absent stays, null removes. */
export type Patch = { [member: string]: unknown };

const at = (id: string) => ({ params: { path: { id } } });

export const drafts = () => data(client.GET("/api/v1/drafts"));
export const makeDraft = (label: string) => data(client.POST("/api/v1/drafts", { body: { label } }));
export const renameDraft = (id: string, label: string) =>
  data(client.PATCH("/api/v1/drafts/{id}", { ...at(id), body: { label } }));
export const discardDraft = (id: string) => data(client.DELETE("/api/v1/drafts/{id}", at(id)));

/** All documents of the configuration as a draft would have them; without one, as they are. */
export async function documents(draft: string | undefined): Promise<Document[]> {
  const found = draft
    ? await data(client.GET("/api/v1/drafts/{id}/documents", at(draft)))
    : await data(client.GET("/api/v1/metadata"));
  return found.items as Document[];
}
/** Patches of several documents, all or none; null has one be gone. */
export function patchDocuments(draft: string, changes: { key: Key; patch: Patch | null }[]) {
  const body: Record<string, Record<string, Patch | null>> = {};
  for (const { key, patch } of changes) body[key.kind] = { ...body[key.kind], [key.name]: patch };
  return data(client.PATCH("/api/v1/drafts/{id}/documents", { ...at(draft), body: body as never }));
}
export const revertDocument = (draft: string, key: Key) =>
  data(client.POST("/api/v1/drafts/{id}/revert", { ...at(draft), body: key }));

export const planDraft = (id: string, allow: string[] = []) =>
  data(client.POST("/api/v1/drafts/{id}/plan", { ...at(id), body: { allow } }));
/** Who would gain and lose access to what. */
export const draftPeople = (id: string) => data(client.POST("/api/v1/drafts/{id}/people", at(id)));
export const rebaseDraft = (id: string, decide: Record<string, "ours" | "theirs">) =>
  data(client.POST("/api/v1/drafts/{id}/rebase", { ...at(id), body: { decide } }));
export const publishDraft = (id: string, message: string, allow: string[]) =>
  data(client.POST("/api/v1/drafts/{id}/publish", { ...at(id), body: { message, allow } }));

export const revisions = (cursor?: string) =>
  data(client.GET("/api/v1/metadata/revisions", { params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } } }));
export const difference = (to: number) => data(client.GET("/api/v1/metadata/diff", { params: { query: { to } } }));
/** What going back to a revision would do, of one document or of all. */
export const planRestoring = (to: number, key?: Key, allow: string[] = []) =>
  data(client.POST("/api/v1/metadata/rollback/plan", { body: { to, ...key, allow } }));
export const restore = (to: number, message: string, key?: Key, allow: string[] = []) =>
  data(client.POST("/api/v1/metadata/rollback", { body: { to, ...key, message, allow } }));

/** The JSON Schema of a kind of documents, with titles in the language of who asks. */
export const schemaOf = (kind: string) =>
  data(client.GET("/api/v1/schemas/{kind}", { params: { path: { kind } } })) as Promise<Record<string, unknown>>;
export const fieldTypes = () => data(client.GET("/api/v1/schemas/field-types"));
