// Reads and writes of records, of whatever object.
import { client, data, type Schemas, type Stored } from "./client";
import { type Names, naming } from "./names";
import type { paths } from "./schema";

export type ListQuery = NonNullable<paths["/api/v1/records/{object}"]["get"]["parameters"]["query"]>;

/** What is being written, as the form and the candidates of a reference are asked for. */
export type Writing = Schemas["FormOf"];

export async function list(object: string, query: ListQuery, signal?: AbortSignal, headers?: Record<string, string>) {
  const { query: fields, named } = naming(query.fields);
  const params = { path: { object }, query: { ...query, ...fields } };
  const page = await data(client.GET("/api/v1/records/{object}", { params, headers, signal }));
  return { ...page, items: page.items.map((row) => named(row, page.names)) };
}

export async function read(object: string, id: string, fields?: string[], signal?: AbortSignal) {
  const { query, named } = naming(fields);
  const params = { path: { object, id }, query };
  const record = await data(client.GET("/api/v1/records/{object}/{id}", { params, signal }));
  if (!query.names) return record;
  const { names, ...own } = record;
  return named(own as Stored, names as Names | undefined);
}

/** All that the page of a record shows when it is opened. */
export const openPage = (object: string, id: string, device: "desktop" | "phone", signal?: AbortSignal) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/page", { params: { path: { object, id }, query: { device } }, signal }),
  );

export const create = (object: string, values: Record<string, unknown>) =>
  data(client.POST("/api/v1/records/{object}", { params: { path: { object } }, body: values }));

/** Changes a record; refused with 412 where its version is another by now. */
export const change = (object: string, id: string, values: Record<string, unknown>, version?: number) =>
  data(
    client.PATCH("/api/v1/records/{object}/{id}", {
      params: { path: { object, id }, header: version === undefined ? {} : { "If-Match": `"${version}"` } },
      body: values,
    }),
  );

export const remove = (object: string, id: string) =>
  data(client.DELETE("/api/v1/records/{object}/{id}", { params: { path: { object, id } } }));

export const restore = (object: string, id: string) =>
  data(client.POST("/api/v1/records/{object}/{id}/restore", { params: { path: { object, id } } }));

export const form = (object: string, of: Writing, signal?: AbortSignal) =>
  data(client.POST("/api/v1/records/{object}/form", { params: { path: { object } }, body: of, signal }));

export const candidates = (object: string, of: Schemas["CandidatesOf"], signal?: AbortSignal) =>
  data(client.POST("/api/v1/records/{object}/candidates", { params: { path: { object } }, body: of, signal }));

export async function related(object: string, id: string, list: string, query: ListQuery, signal?: AbortSignal) {
  const { query: fields, named } = naming(query.fields);
  const params = { path: { object, id, list }, query: { ...query, ...fields } };
  const page = await data(client.GET("/api/v1/records/{object}/{id}/related/{list}", { params, signal }));
  return { ...page, items: page.items.map((row) => named(row, page.names)) };
}

export const aggregate = (object: string, query: Schemas["AggregateQuery"], signal?: AbortSignal) =>
  data(client.POST("/api/v1/records/{object}/aggregate", { params: { path: { object } }, body: query, signal }));

/** Records of all objects, or of some, by words. */
export const search = (q: string, of: { objects?: string[]; limit?: number }, signal?: AbortSignal) =>
  data(client.GET("/api/v1/search", { params: { query: { q, ...of } }, signal }));

export type Operation = Schemas["record.operation"];

/** Up to 1,000 operations; each line of the answer says what became of it. */
export const bulk = (object: string, operations: Operation[]) =>
  data(client.POST("/api/v1/records/{object}/bulk", { params: { path: { object } }, body: { operations } }));

export type { Stored };
