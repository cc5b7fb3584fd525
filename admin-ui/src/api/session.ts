import { client, data, type Schemas } from "./client";

export type Me = Schemas["Me"];
export type Document = Schemas["Document"];

export const me = () => data(client.GET("/api/v1/me"));
export const documents = () => data(client.GET("/api/v1/metadata"));
export const logOut = () => data(client.POST("/api/v1/auth/logout"));

export const logIn = (email: string, password: string, tenant?: string) =>
  data(client.POST("/api/v1/auth/login", { body: { email, password, ...(tenant ? { tenant } : {}) } }));
