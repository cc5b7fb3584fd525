import { Button } from "@mantine/core";
import { IconCheck, IconClock } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { refusal, type Schemas } from "~/api/client";
import { handle, type Notification, notifications } from "~/api/notifications";
import { useFormats } from "~/fields/useFormats";
import { inboxKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { pushUndo, useCommands } from "~/ui/commands";
import { Failure } from "~/ui/Failure";
import { Glyph } from "~/ui/Glyph";
import { notify } from "~/ui/notices";
import { Title } from "~/ui/Title";
import css from "./Inbox.module.css";

const day = 24 * 60 * 60 * 1000;

/** What waits for a person: one line each, done or put off by a key. */
export default function Inbox() {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const go = useNavigate();
  const cache = useQueryClient();
  const key = inboxKey(me);
  const found = useQuery({ queryKey: key, queryFn: ({ signal }) => notifications(signal) });
  const [at, setAt] = useState(0);
  const items = found.data?.items ?? [];
  const chosen = items[Math.min(at, items.length - 1)];

  const change = async (one: Notification, patch: Schemas["NotificationPatch"]) => {
    try {
      await handle(one.id, patch);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: key });
  };
  const done = (one: Notification) => {
    void change(one, { done: true });
    pushUndo({ label: t("inbox.done"), undo: () => change(one, { done: false }) });
  };
  const snooze = (one: Notification) => {
    void change(one, { snoozed_until: new Date(Date.now() + day).toISOString() });
    pushUndo({ label: t("inbox.snooze"), undo: () => change(one, { snoozed_until: new Date(0).toISOString() }) });
  };
  const open = (one: Notification) => {
    if (!one.read) void change(one, { read: true });
    go(`/o/${one.object}/${one.record}`);
  };
  const some = () => (chosen ? true : t("inbox.empty"));
  const step = (by: number) => setAt(Math.max(0, Math.min(items.length - 1, at + by)));
  useCommands([
    {
      id: "inbox.done",
      label: t("inbox.done"),
      keys: "d",
      where: "inbox",
      enabled: some,
      run: () => chosen && done(chosen),
    },
    {
      id: "inbox.snooze",
      label: t("inbox.snooze"),
      keys: "z",
      where: "inbox",
      enabled: some,
      run: () => chosen && snooze(chosen),
    },
    {
      id: "inbox.open",
      label: t("inbox.open"),
      keys: "o",
      where: "inbox",
      enabled: some,
      run: () => chosen && open(chosen),
    },
    {
      id: "inbox.next",
      label: t("inbox.next"),
      keys: ["j", "arrowdown"],
      where: "inbox",
      hidden: true,
      run: () => step(1),
    },
    {
      id: "inbox.previous",
      label: t("inbox.previous"),
      keys: ["k", "arrowup"],
      where: "inbox",
      hidden: true,
      run: () => step(-1),
    },
  ]);
  if (found.isError) return <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />;
  return (
    <section className={css.page}>
      <Title>{t("inbox.title")}</Title>
      <h1>{t("inbox.title")}</h1>
      {found.isSuccess && items.length === 0 && <p className="quiet">{t("inbox.empty")}</p>}
      <ul>
        {items.map((one) => (
          <li key={one.id} data-chosen={one === chosen} data-read={one.read}>
            <button type="button" className={css.what} onClick={() => open(one)}>
              <Glyph name={model.objects.get(one.object)?.icon} />
              <span className={css.text}>
                <strong>{one.name || t("recent.nameless")}</strong>
                <span>{t(`inbox.kind.${one.kind}`, { who: one.by_name ?? t("inbox.somebody") })}</span>
                {one.text && <span className="quiet">{one.text}</span>}
              </span>
              <time className="quiet small" dateTime={one.at}>
                {formats.datetime(one.at)}
              </time>
            </button>
            <Button size="compact-xs" variant="default" leftSection={<IconCheck size={12} />} onClick={() => done(one)}>
              {t("inbox.done")}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconClock size={12} />}
              onClick={() => snooze(one)}
            >
              {t("inbox.snooze")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
