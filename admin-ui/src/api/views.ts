// Views that people save beside the configuration, for themselves or for everybody.
import { client, data, type Schemas } from "./client";

export type SavedView = Schemas["SavedView"];

/** What a view says: a document of the kind `view` but for its kind and name. */
export type ViewBody = Record<string, unknown>;

export const saveView = (body: ViewBody & { shared: "me" | "everyone" }) =>
  data(client.POST("/api/v1/views", { body: body as Schemas["NewView"] }));

/** Changes a view by a merge patch; refused with 412 where its version is another by now. */
export const changeView = ({ id, version }: SavedView, patch: ViewBody) =>
  data(
    client.PATCH("/api/v1/views/{id}", {
      params: { path: { id }, header: { "If-Match": `"${version}"` } },
      body: patch as Schemas["ViewPatch"],
    }),
  );

export const removeView = (id: string) => data(client.DELETE("/api/v1/views/{id}", { params: { path: { id } } }));
