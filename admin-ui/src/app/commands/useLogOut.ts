import { useQueryClient } from "@tanstack/react-query";
import { logOut } from "~/api/session";

/** Ends the session; nothing of it stays in this browser. */
export function useLogOut() {
  const cache = useQueryClient();
  return () =>
    void logOut().finally(() => {
      cache.clear();
      location.assign("/");
    });
}
