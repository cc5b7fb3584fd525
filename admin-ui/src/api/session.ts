import { client, data, type Schemas } from "./client";
import type { Settings } from "./mine";

/** Who is logged in, what they may do, the configuration as they may see it, and what they keep for themselves. */
export type Workspace = Omit<Schemas["Workspace"], "settings"> & {
  settings: Settings;
  /** What the server calls what it said last. */
  etag?: string;
};
export type Me = Omit<Workspace, "documents">;
export type Document = Schemas["Document"];
export type Profile = Schemas["Profile"];

/** Where the cache keeps who is logged in and what belongs to them. */
export const sessionKey = ["session"];

/** The workspace as it is; the one that is there already where nothing has changed. */
export async function workspace(now?: Workspace): Promise<Workspace> {
  let etag: string | undefined;
  let same = false;
  const call = client.GET("/api/v1/session", { params: { header: now?.etag ? { "If-None-Match": now.etag } : {} } });
  const said = await data(
    call.then((answer) => {
      etag = answer.response.headers.get("ETag") ?? undefined;
      same = answer.response.status === 304;
      return same ? { response: answer.response } : answer;
    }),
  );
  return same && now ? now : ({ ...(said as Workspace), etag } as Workspace);
}
export const changeProfile = (profile: Profile) => data(client.PATCH("/api/v1/me", { body: profile }));
export const logOut = () => data(client.POST("/api/v1/auth/logout"));

export const logIn = (email: string, password: string, tenant?: string) =>
  data(client.POST("/api/v1/auth/login", { body: { email, password, ...(tenant ? { tenant } : {}) } }));

export const changePassword = (current: string, password: string) =>
  data(client.PUT("/api/v1/me/password", { body: { current, password } }));
export const sessions = () => data(client.GET("/api/v1/me/sessions"));
export const endOtherSessions = () => data(client.DELETE("/api/v1/me/sessions"));
export const keys = () => data(client.GET("/api/v1/keys"));
export const makeKey = (key: Schemas["NewKey"]) => data(client.POST("/api/v1/keys", { body: key }));
export const revokeKey = (id: string) => data(client.DELETE("/api/v1/keys/{id}", { params: { path: { id } } }));
