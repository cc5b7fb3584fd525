import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { loggedOut } from "~/api/cache";
import { refusal } from "~/api/client";
import { documents, me } from "~/api/session";
import { Login } from "~/features/login/Login";
import { i18n, nearest } from "~/i18n";
import { modelOf } from "~/meta/model";
import { SessionProvider } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Routes } from "./routes";

/** Finds out who is here and what the configuration is; until somebody is logged in there is nothing else. */
export function Boot() {
  const language = useTranslation().i18n.language;
  const cache = useQueryClient();
  const who = useQuery({ queryKey: ["me"], queryFn: me, staleTime: 60_000 });
  const what = useQuery({
    queryKey: ["documents", who.data?.tenant, who.data?.user.id, who.data?.revision],
    queryFn: documents,
    enabled: who.isSuccess,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const speaks = who.data?.language;
  useEffect(() => {
    if (speaks) void i18n.changeLanguage(nearest(speaks));
  }, [speaks]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const session = useMemo(
    () =>
      who.data && what.data
        ? { me: who.data, model: modelOf(what.data.items, what.data.revision, who.data.rights, language) }
        : undefined,
    [who.data, what.data, language],
  );
  if (loggedOut(who.error)) return <Login onDone={() => void cache.invalidateQueries()} />;
  const failed = who.error ?? what.error;
  if (failed && !session)
    return (
      <Failure says={refusal(failed)?.detail} id={refusal(failed)?.id} again={() => void cache.refetchQueries()} />
    );
  if (!session) return null;
  return (
    <SessionProvider value={session}>
      <Routes />
    </SessionProvider>
  );
}
