// Changes of the configuration.
import { client, data, type Schemas } from "./client";

/** Publishes one document, for everybody. Needs the right to change the configuration. */
export const applyDocument = (document: object) =>
  data(
    client.POST("/api/v1/metadata/apply", {
      body: { documents: [document] } as unknown as Schemas["ConfigurationChange"],
    }),
  );

/** Changes a document for everybody by a merge patch. Needs the right to change the configuration. */
export const patchDocument = (kind: string, name: string, patch: Record<string, unknown>) =>
  data(client.PATCH("/api/v1/metadata/{kind}/{name}", { params: { path: { kind, name } }, body: patch }));
