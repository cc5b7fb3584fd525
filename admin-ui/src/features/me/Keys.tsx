import { ActionIcon, Button, CopyButton, MultiSelect, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { keys, makeKey, revokeKey } from "~/api/session";
import { useFormats } from "~/fields/useFormats";
import { useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { notify } from "~/ui/notices";
import css from "./Me.module.css";
import { Part } from "./Part";

/** API keys: the token of a new one is shown once. */
export function Keys() {
  const { t } = useTranslation();
  const { me } = useSession();
  const formats = useFormats();
  const cache = useQueryClient();
  const key = [me.tenant, "keys"];
  const found = useQuery({ queryKey: key, queryFn: keys });
  const again = () => void cache.invalidateQueries({ queryKey: key });
  const revoke = async (id: string) => {
    try {
      await revokeKey(id);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    again();
  };
  return (
    <Part title={t("me.keys")} says={t("me.keys_says")}>
      {found.isError && <Failure says={refusal(found.error)?.detail} again={again} />}
      <ul className={css.lines}>
        {(found.data?.items ?? [])
          .filter((one) => one.revoked_at === null)
          .map((one) => (
            <li key={one.id}>
              <span>{one.name}</span>
              <span className="quiet">{one.permissions.join(", ")}</span>
              <span className="quiet">
                {one.used_at ? t("me.used", { at: formats.datetime(one.used_at) }) : t("me.never_used")}
              </span>
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={t("me.revoke", { name: one.name })}
                onClick={() => void revoke(one.id)}
              >
                <IconTrash size={14} />
              </ActionIcon>
            </li>
          ))}
      </ul>
      <NewKey onMade={again} />
    </Part>
  );
}

function NewKey({ onMade }: { onMade(): void }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>([]);
  const [token, setToken] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      const made = await makeKey({ name, permissions });
      setToken(made.token);
      setName("");
      setPermissions([]);
      onMade();
    } catch (error) {
      const why = refusal(error);
      setProblem(why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"));
    }
  };
  return (
    <form className={css.settings} onSubmit={(event) => void submit(event)}>
      <TextInput
        size="xs"
        label={t("me.key_name")}
        value={name}
        error={problem}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <MultiSelect
        size="xs"
        label={t("me.key_permissions")}
        data={me.user.permissions}
        value={permissions}
        onChange={setPermissions}
      />
      <Button
        type="submit"
        size="xs"
        variant="default"
        className={css.button}
        disabled={!name.trim() || permissions.length === 0}
      >
        {t("me.make_key")}
      </Button>
      {token && (
        <div className={css.token} role="status">
          <p>{t("me.token_says")}</p>
          <code>{token}</code>
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {t(copied ? "me.copied" : "me.copy")}
              </Button>
            )}
          </CopyButton>
        </div>
      )}
    </form>
  );
}
