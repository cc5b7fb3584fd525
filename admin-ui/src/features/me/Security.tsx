import { Button, PasswordInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { changePassword, endOtherSessions, sessions } from "~/api/session";
import { useFormats } from "~/fields/useFormats";
import { useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { notify } from "~/ui/notices";
import css from "./Me.module.css";
import { Part } from "./Part";

/** The password, and where one is logged in. */
export function Security() {
  const { t } = useTranslation();
  const { me } = useSession();
  const formats = useFormats();
  const cache = useQueryClient();
  const key = [me.tenant, "sessions", me.user.id];
  const found = useQuery({ queryKey: key, queryFn: sessions });
  const end = async () => {
    try {
      await endOtherSessions();
      notify({ text: t("me.sessions_ended") });
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    void cache.invalidateQueries({ queryKey: key });
  };
  const all = found.data?.items ?? [];
  return (
    <>
      <Part title={t("me.password")} says={t("me.password_says")}>
        <Password onDone={() => void cache.invalidateQueries({ queryKey: key })} />
      </Part>
      <Part title={t("me.sessions")} says={t("me.sessions_says")}>
        {found.isError && <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />}
        <ul className={css.lines}>
          {all.map((one) => (
            <li key={one.id}>
              <span>{t("me.session_begun", { at: formats.datetime(one.created_at) })}</span>
              <span className="quiet">{t("me.used", { at: formats.datetime(one.used_at) })}</span>
            </li>
          ))}
        </ul>
        {all.length > 1 && (
          <Button size="xs" variant="default" className={css.button} onClick={() => void end()}>
            {t("me.end_sessions")}
          </Button>
        )}
      </Part>
    </>
  );
}

function Password({ onDone }: { onDone(): void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await changePassword(current, next);
      setCurrent("");
      setNext("");
      notify({ text: t("me.password_changed") });
      onDone();
    } catch (error) {
      const why = refusal(error);
      setProblem(why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={css.settings} onSubmit={(event) => void submit(event)}>
      <PasswordInput
        size="xs"
        label={t("me.current_password")}
        autoComplete="current-password"
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
      />
      <PasswordInput
        size="xs"
        label={t("me.new_password")}
        autoComplete="new-password"
        value={next}
        error={problem}
        onChange={(event) => setNext(event.currentTarget.value)}
      />
      <Button
        type="submit"
        size="xs"
        variant="default"
        className={css.button}
        loading={busy}
        disabled={!current || !next}
      >
        {t("me.change_password")}
      </Button>
    </form>
  );
}
