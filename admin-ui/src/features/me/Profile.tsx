import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { useChangeProfile } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Part } from "./Part";

export function Profile() {
  const { t } = useTranslation();
  const { user } = useSession().me;
  const change = useChangeProfile();
  const [typed, setTyped] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const store = async () => {
    const name = typed?.trim();
    setProblem(undefined);
    if (!name || name === user.name) return setTyped(undefined);
    try {
      await change({ name });
      setTyped(undefined);
    } catch (error) {
      const why = refusal(error);
      setProblem(why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"));
    }
  };
  return (
    <Part title={t("me.profile")}>
      <TextInput
        size="xs"
        label={t("me.name")}
        autoComplete="name"
        value={typed ?? user.name}
        error={problem}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => void store()}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.nativeEvent.isComposing) void store();
          if (event.key === "Escape") setTyped(undefined);
        }}
      />
      <TextInput
        size="xs"
        label={t("login.email")}
        value={user.email}
        readOnly
        variant="unstyled"
        description={t("me.email_says")}
      />
    </Part>
  );
}
