// What the server would answer under a draft, or to other permission sets, whatever the tab itself looks at.
import { client, data } from "./client";
import { headersOf, type Looking } from "./looking";
import { type ListQuery, list } from "./records";

/** The configuration and the rights in it. */
export const previewSession = (look: Looking, signal: AbortSignal) =>
  data(client.GET("/api/v1/session", { headers: headersOf(look), signal }));

/** All that the page of a record shows. */
export const previewPage = (
  look: Looking,
  object: string,
  id: string,
  device: "desktop" | "phone",
  signal: AbortSignal,
) =>
  data(
    client.GET("/api/v1/records/{object}/{id}/page", {
      params: { path: { object, id }, query: { device } },
      headers: headersOf(look),
      signal,
    }),
  );

/** Records of an object. */
export const previewList = (look: Looking, object: string, query: ListQuery, signal: AbortSignal) =>
  list(object, query, signal, headersOf(look));
