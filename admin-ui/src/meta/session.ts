// Who is logged in and what the configuration is, for all pages.
import { createContext, useContext } from "react";
import type { Me } from "~/api/session";
import type { Model, ObjectModel } from "./model";

export interface Session {
  me: Me;
  model: Model;
}

const context = createContext<Session | undefined>(undefined);
export const SessionProvider = context.Provider;

export function useSession(): Session {
  const session = useContext(context);
  if (!session) throw new Error("there is no session around this page");
  return session;
}

/** The time zone in which a person reads and writes: their own, or else that of the browser. */
export const zoneOf = ({ user }: Pick<Me, "user">): string =>
  user.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The object of a name; undefined where there is none that the caller may read. */
export const useObject = (name: string | undefined): ObjectModel | undefined =>
  useSession().model.objects.get(name ?? "");
