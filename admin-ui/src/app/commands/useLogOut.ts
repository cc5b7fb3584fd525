import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { keeper } from "~/api/cache";
import { Offline } from "~/api/client";
import { logOut } from "~/api/session";
import { forgetDrafts } from "~/features/record/draft";
import { notify } from "~/ui/notices";

/** Ends the session; nothing of it stays in this browser. Only the server can end one. */
export function useLogOut() {
  const cache = useQueryClient();
  const { t } = useTranslation();
  return async () => {
    try {
      await logOut();
    } catch (error) {
      if (error instanceof Offline) return void notify({ text: t("offline.logout"), tone: "bad" });
    }
    await keeper.end();
    forgetDrafts();
    cache.clear();
    location.assign("/");
  };
}
