// Changes of the configuration.
import { client, data, type Schemas } from "./client";

/** Publishes one document, for everybody. Needs the right to change the configuration. */
export const applyDocument = (document: object) =>
  data(
    client.POST("/api/v1/metadata/apply", {
      body: { documents: [document] } as unknown as Schemas["ConfigurationChange"],
    }),
  );
