// What fields can be used for in lists, as the server says it of those that the caller may read.
import { client, data } from "./client";

export interface Uses {
  type: string;
  kind: string;
  operators?: string[];
  sort?: string;
  measures?: string[];
  groups?: string[];
}

/** By the name of a field. */
export async function uses(object: string, signal?: AbortSignal): Promise<Record<string, Uses>> {
  const schema = (await data(
    client.GET("/api/v1/schemas/records/{object}", { params: { path: { object } }, signal }),
  )) as { properties?: Record<string, { "x-field"?: Uses }> };
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, of]) => (of["x-field"] ? [[name, of["x-field"]]] : [])),
  );
}
