// Packages: named, versioned sets of documents that the configuration is built of.
import { client, data, type Schemas } from "./client";
import type { Document } from "./session";

export type Package = Schemas["Package"];
export type UpgradePlan = Schemas["UpgradePlan"];
export type Asked = Schemas["PackageUpgrade"];

const of = (name: string) => ({ params: { path: { name } } });

export const packages = async () => (await data(client.GET("/api/v1/metadata/packages"))).items;
export const planUpgrade = (name: string, asked: Asked) =>
  data(client.POST("/api/v1/metadata/packages/{name}/plan", { ...of(name), body: asked }));
export const upgrade = (name: string, asked: Asked) =>
  data(client.POST("/api/v1/metadata/packages/{name}/upgrade", { ...of(name), body: asked }));

/** What the tenant's own documents say, without those of packages. */
export const ownDocuments = async () =>
  (await data(client.GET("/api/v1/metadata", { params: { query: { layer: "own" } } }))).items as Document[];
