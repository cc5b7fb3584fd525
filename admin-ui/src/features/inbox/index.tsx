import { ActionIcon, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconCheck } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ComponentType, type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { type Answer, inPlace, type OnAnswered } from "~/api/answered";
import { refusal, type Schemas } from "~/api/client";
import { handle, type Notification, notifications } from "~/api/notifications";
import { useFormats } from "~/fields/useFormats";
import { inboxKey } from "~/meta/mine";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, useCommands } from "~/ui/commands";
import { Failure } from "~/ui/Failure";
import { Glyph } from "~/ui/Glyph";
import { notify } from "~/ui/notices";
import { State } from "~/ui/State";
import { Title } from "~/ui/Title";
import css from "./Inbox.module.css";
import { Snooze } from "./Snooze";

/** What is said of a record is read beside it. */
const sideOf = (one: Notification): Record<string, string> =>
  one.kind === "mention" || one.kind === "comment" ? { side: "comments" } : {};

interface Props {
  Peek: ComponentType<{ object: ObjectModel; id: string; onAnswered: OnAnswered }>;
}

const none: Notification[] = [];

/**
 * What waits for a person: one line each, done or put off by a key; beside them the record of the one in attention,
 * which the address names (`at`).
 */
export default function Inbox({ Peek }: Props) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const go = useNavigate();
  const cache = useQueryClient();
  const key = inboxKey(me);
  const found = useQuery({ queryKey: key, queryFn: ({ signal }) => notifications(signal) });
  const [address, setAddress] = useSearchParams();
  const [snoozing, setSnoozing] = useState<string>();
  const [answers, setAnswers] = useState<ReadonlyMap<string, Answer>>(new Map());
  const shown = useRef<Notification[]>([]);
  const put = useRef(new Set<string>()); // away, by the person
  // A request that is decided stays in its place, and in attention, by whomever it was decided: the next one would
  // come under the pointer and the keys that decide.
  const items = inPlace(
    found.data?.items ?? none,
    shown.current,
    (one) =>
      one.kind === "approval" && !put.current.has(one.id) && (answers.has(one.id) || one.id === address.get("at")),
  );
  shown.current = items;
  const over = (one: Notification) => answers.has(one.id) || !(found.data?.items ?? none).includes(one);
  const named = items.findIndex((one) => one.id === address.get("at"));
  // What is done makes room for the one behind it.
  const last = useRef(0);
  if (named >= 0) last.current = named;
  const at = Math.max(0, Math.min(last.current, items.length - 1));
  const setAt = (to: number) => items[to] && setAddress({ at: items[to].id, ...sideOf(items[to]) }, { replace: true });
  const chosen = items[at];
  const decides = chosen?.kind === "approval" ? chosen.id : undefined;
  useEffect(() => {
    if (decides && address.get("at") !== decides) setAddress({ at: decides }, { replace: true });
  }, [decides, address, setAddress]);
  const object = chosen && model.objects.get(chosen.object);
  const wide = useMediaQuery("(min-width: 1180px)", undefined, { getInitialValueInEffect: false });

  const change = async (one: Notification, patch: Schemas["NotificationPatch"]) => {
    try {
      await handle(one.id, patch);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: key });
  };
  /** Has something go from the list, until that is undone. */
  const putAway = (one: Notification, label: string, patch: Schemas["NotificationPatch"], back: typeof patch) => {
    put.current.add(one.id);
    void change(one, patch);
    pushUndo({
      label,
      undo: () => {
        put.current.delete(one.id);
        return change(one, back);
      },
    });
  };
  const done = (one: Notification) => putAway(one, t("inbox.done"), { done: true }, { done: false });
  const snooze = (one: Notification, until: string) =>
    putAway(one, t("inbox.snooze"), { snoozed_until: until }, { snoozed_until: new Date(0).toISOString() });
  /** True, or why something can't be marked as done. */
  const finishes = (one: Notification) => one.kind !== "approval" || t(over(one) ? "inbox.over" : "inbox.undecided");
  const look = (one: Notification, index: number) => {
    if (!wide || index === at) return open(one);
    setAt(index);
    if (!one.read) void change(one, { read: true });
  };
  const open = (one: Notification) => {
    if (!one.read) void change(one, { read: true });
    go({ pathname: `/o/${one.object}/${one.record}`, search: new URLSearchParams(sideOf(one)).toString() });
  };
  const some = () => (chosen ? true : t("inbox.empty"));
  const waits = () => (chosen && over(chosen) ? t("inbox.over") : some());
  const step = (by: number) => setAt(Math.max(0, Math.min(items.length - 1, at + by)));
  useCommands([
    {
      id: "inbox.done",
      label: t("inbox.done"),
      keys: "d",
      where: "inbox",
      once: true,
      enabled: () => (chosen ? finishes(chosen) : t("inbox.empty")),
      run: () => chosen && done(chosen),
    },
    {
      id: "inbox.snooze",
      label: t("inbox.snooze"),
      keys: "z",
      where: "inbox",
      once: true,
      enabled: waits,
      run: () => setSnoozing(chosen?.id),
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
  const button = (label: string, icon: ReactNode, run: () => void) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={run}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  const changed = (one: Notification) =>
    (one.fields ?? []).flatMap((name) => model.objects.get(one.object)?.fields.get(name)?.label ?? []).join(", ");
  return (
    <div className={css.page}>
      <section className={css.items}>
        <Title>{t("inbox.title")}</Title>
        <h1>{t("inbox.title")}</h1>
        {found.isSuccess && items.length === 0 && <p className="quiet">{t("inbox.empty")}</p>}
        <ul>
          {items.map((one, index) => (
            <li key={one.id} data-chosen={one === chosen} data-read={one.read || over(one)}>
              <button type="button" className={css.what} onClick={() => look(one, index)}>
                <Glyph name={model.objects.get(one.object)?.icon} />
                <span className={css.text}>
                  <strong>{one.name || t("recent.nameless")}</strong>
                  <span className="quiet">
                    {t(`inbox.kind.${one.kind}`, { who: one.by_name ?? t(one.by ? "inbox.somebody" : "inbox.system") })}
                    {changed(one) && `: ${changed(one)}`}
                  </span>
                  {one.text && <span>{one.text}</span>}
                  {one.kind === "approval" && <Became answer={answers.get(one.id)} over={over(one)} />}
                </span>
              </button>
              <span className={css.end}>
                <time className="quiet small" dateTime={one.at} title={formats.datetime(one.at)}>
                  {formats.moment(one.at)}
                </time>
                <span className={css.actions}>
                  {finishes(one) === true && button(t("inbox.done"), <IconCheck size={16} />, () => done(one))}
                  {!over(one) && (
                    <Snooze
                      opened={snoozing === one.id}
                      timeZone={formats.timeZone}
                      onOpened={(is) => setSnoozing(is ? one.id : undefined)}
                      onSnooze={(until) => snooze(one, until)}
                    />
                  )}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </section>
      {wide && object && chosen && (
        <aside className={css.beside} aria-label={t("inbox.beside")}>
          <Peek
            key={decides ?? chosen.record}
            object={object}
            id={chosen.record}
            onAnswered={(_, answer) => setAnswers((others) => new Map(others).set(chosen.id, answer))}
          />
        </aside>
      )}
    </div>
  );
}

/** What became of a request; as long as nothing did, when it is done. */
function Became({ answer, over }: { answer: Answer | undefined; over: boolean }) {
  const { t } = useTranslation();
  if (answer)
    return (
      <span>
        <State of={answer} says={t(`approval.person.${answer}`)} />
      </span>
    );
  return <span className="quiet small">{t(over ? "inbox.over" : "inbox.undecided")}</span>;
}
