import { useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { isLoggedOut, onOver, refusal } from "~/api/client";
import { looking } from "~/api/looking";
import { sessionKey, type Workspace, workspace } from "~/api/session";
import { Login } from "~/features/login/Login";
import { i18n, nearest } from "~/i18n";
import { modelOf } from "~/meta/model";
import { SessionProvider } from "~/meta/session";
import { setLetters } from "~/ui/commands";
import { Failure } from "~/ui/Failure";
import { useInstallable } from "./install/useInstallable";
import { useLeaving } from "./offline/useLeaving";
import { Routes } from "./routes";

const Looking = lazy(() => import("./looking/Looking"));

/** Finds out who is here and what the configuration is; until somebody is logged in there is nothing else. */
export function Boot() {
  const language = useTranslation().i18n.language;
  const cache = useQueryClient();
  const found = useQuery({
    queryKey: sessionKey,
    queryFn: ({ client }) => workspace(client.getQueryData(sessionKey)),
    staleTime: 60_000,
  });
  const now = found.data;
  useLook(now);
  useInstallable(language, now?.settings.theme);
  const leaving = useLeaving(now);
  useEffect(
    () =>
      onOver(() => {
        const asked = cache.getQueryState(sessionKey);
        if (asked?.fetchStatus === "idle" && !isLoggedOut(asked.error))
          void cache.invalidateQueries({ queryKey: sessionKey });
      }),
    [cache],
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const { documents, rights, revision } = now ?? {};
  const model = useMemo(
    () => (documents && rights ? modelOf(documents, revision ?? 0, rights, language) : undefined),
    [documents, rights, revision, language],
  );
  const session = useMemo(() => (now && model ? { me: now, model } : undefined), [now, model]);
  if (isLoggedOut(found.error)) return <Login ended={now?.user.email} onDone={() => void cache.invalidateQueries()} />;
  if (found.error && !session) {
    const why = refusal(found.error);
    return (
      <>
        <Suspense fallback={null}>{looking && <Looking {...looking} />}</Suspense>
        <main>
          <Failure says={why?.detail} problems={why?.errors} id={why?.id} again={() => void cache.refetchQueries()} />
        </main>
      </>
    );
  }
  if (!session || leaving) return null;
  return (
    <SessionProvider value={session}>
      <Routes />
    </SessionProvider>
  );
}

/** The pages look and speak as the person chose, on whichever browser. */
function useLook(now: Workspace | undefined) {
  const { setColorScheme } = useMantineColorScheme();
  const { theme = "auto", shortcuts = true } = now?.settings ?? {};
  const known = now !== undefined;
  const speaks = now?.language;
  useEffect(() => {
    if (speaks) void i18n.changeLanguage(nearest(speaks));
  }, [speaks]);
  useEffect(() => {
    if (known) setColorScheme(theme);
  }, [known, theme, setColorScheme]);
  useEffect(() => setLetters(shortcuts), [shortcuts]);
}
