// What fields can be used for in lists, as the server says it of those that the caller may read.
import { client, data } from "./client";

export interface Uses {
  type: string;
  kind: string;
  operators?: string[];
  sort?: string;
  measures?: string[];
  groups?: string[];
  /** The same of the parts of a value. */
  parts?: Record<string, Uses>;
}

/** What can be done with a field of an object, or with a part of one: `billing_address.city`. */
export function usesOf(known: Record<string, Uses> | undefined, path: string): Uses | undefined {
  const [field, part] = path.split(".") as [string, string | undefined];
  return part === undefined ? known?.[field] : known?.[field]?.parts?.[part];
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
