import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Offline, refusal } from "~/api/client";
import { logIn } from "~/api/session";
import icon from "~/ui/icon.svg";
import css from "./Login.module.css";

interface Props {
  /** Whose session has ended, if one has: they log in again, and go on. */
  ended?: string;
  onDone(): void;
}

export function Login({ ended, onDone }: Props) {
  const { t } = useTranslation();
  const [email, setEmail] = useState(ended ?? "");
  const [password, setPassword] = useState("");
  const [tenant, setTenant] = useState("");
  const [asksTenant, setAsksTenant] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(email, password, tenant || undefined);
      onDone();
    } catch (error) {
      const why = refusal(error);
      if (why?.code === "api.tenant_needed") setAsksTenant(true);
      setProblem(why?.detail ?? t(error instanceof Offline ? "error.offline" : "error.internal"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className={css.page}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header className={css.head}>
          <img src={icon} width={32} height={32} alt="" />
          <h1>{t("app.name")}</h1>
        </header>
        {ended && <p role="status">{t("login.ended")}</p>}
        <TextInput
          label={t("login.email")}
          name="email"
          type="email"
          autoComplete="username"
          autoFocus={!ended}
          required
          withAsterisk={false}
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
        />
        <PasswordInput
          label={t("login.password")}
          name="password"
          autoComplete="current-password"
          autoFocus={!!ended}
          required
          withAsterisk={false}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
        />
        {asksTenant && (
          <TextInput
            label={t("login.tenant")}
            name="tenant"
            required
            value={tenant}
            onChange={(e) => setTenant(e.currentTarget.value)}
          />
        )}
        {problem && (
          <p className="bad" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" loading={busy}>
          {t("login.go")}
        </Button>
      </form>
    </main>
  );
}
