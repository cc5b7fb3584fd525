// Files in and out. A file is sent once: previews, dry runs and the import name the upload.
import { client, data, type Schemas } from "./client";

export type Preview = Schemas["ImportPreview"];
export type Import = Schemas["Import"];
export type Options = Schemas["ImportOptions"];
export type Source = Schemas["ImportSource"];

/** A file, or what was made of it when it was sent. */
export type Sent = File | string;

/** The form that imports and previews take: the options before what they are for. */
function form(options: Options, sent: Sent) {
  const parts = new FormData();
  parts.append("options", JSON.stringify(options));
  if (typeof sent === "string") parts.append("upload", sent);
  else parts.append("file", sent, sent.name);
  return parts;
}

export const preview = (options: Options, sent: Sent, signal?: AbortSignal) =>
  data(
    client.POST("/api/v1/imports/preview", { body: { options }, bodySerializer: () => form(options, sent), signal }),
  );

export const begin = (options: Options, sent: Sent, signal?: AbortSignal) =>
  data(client.POST("/api/v1/imports", { body: { options }, bodySerializer: () => form(options, sent), signal }));

export const progress = (id: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/imports/{id}", { params: { path: { id } }, signal }));

/** The refused rows as a CSV text, with the columns _row and _reasons. */
export const refusedRows = (id: string, signal?: AbortSignal): Promise<string> =>
  data(client.GET("/api/v1/imports/{id}/errors", { params: { path: { id } }, parseAs: "text", signal }));

export const cancel = (job: string) => data(client.POST("/api/v1/jobs/{id}/cancel", { params: { path: { id: job } } }));

export type Format = "csv" | "xlsx";

/** What of a list is exported. */
export interface Listed {
  filter?: string;
  q?: string;
  sort?: string[];
  fields?: string[];
}

/** The address of a file with all records of a list, as people read them. */
export function exportAddress(object: string, format: Format, { filter, q, sort, fields }: Listed): string {
  const query = new URLSearchParams({ format, labels: "true" });
  if (format === "csv") query.set("bom", "true");
  if (filter) query.set("filter", filter);
  if (q) query.set("q", q);
  if (sort?.length) query.set("sort", sort.join(","));
  if (fields?.length) query.set("fields", fields.join(","));
  return `/api/v1/exports/${object}?${query}`;
}
