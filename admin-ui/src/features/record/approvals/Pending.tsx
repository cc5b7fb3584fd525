import { Button } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer, OnAnswered } from "~/api/answered";
import { type Approval, decide, passOn, recall } from "~/api/approvals";
import { refusal } from "~/api/client";
import type { Formats } from "~/fields";
import { useSession } from "~/meta/session";
import { Comment } from "~/ui/Comment";
import { useCommands } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { writingOf } from "../draft";
import css from "./Approvals.module.css";
import { PassOn } from "./PassOn";
import { People } from "./People";

interface Props {
  approval: Approval;
  formats: Formats;
  /** Its decision has keys. */
  keys: boolean;
  /** It got the focus. */
  onChosen?(): void;
  onAnswered: OnAnswered;
}

/** Something that waits to be decided: by whom, and here, where it waits for this person. */
export function Pending({ approval, formats, keys, onChosen, onAnswered }: Props) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const cache = useQueryClient();
  const kept = writingOf<string>(`${me.tenant}/${me.user.id}`, `approval/${approval.id}`);
  const [comment, write] = useState(() => kept.read() ?? "");
  const setComment = (text: string) => {
    write(text);
    kept.keep(text || undefined);
  };
  const [passing, setPassing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [height, setHeight] = useState<number>(); // once it is answered: that it had before, so that what is below stays
  const frame = useRef<HTMLElement>(null);
  const owner = model.objects.get(approval.object)?.fields.get("owner");

  const send = async (ask: () => Promise<Approval>, says: string, answer?: Answer) => {
    if (busy) return;
    setBusy(true);
    try {
      const now = await ask();
      setComment("");
      setPassing(false);
      if (answer) {
        setHeight(frame.current?.getBoundingClientRect().height ?? 0);
        onAnswered(now, answer);
      }
      notify({ text: says });
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant] });
    setBusy(false);
  };
  const approve = () => send(() => decide(approval.id, "approved", comment), t("approval.person.approved"), "approved");
  const reject = () => send(() => decide(approval.id, "rejected", comment), t("approval.person.rejected"), "rejected");
  const pass = (to: string) =>
    send(() => passOn(approval.id, to, comment), t("approval.person.passed_on"), "passed_on");
  const answered = height !== undefined;
  const decides = approval.can_decide && !answered;
  useCommands(
    keys && decides
      ? [
          {
            id: "approval.approve",
            label: t("approval.approve"),
            icon: IconCheck,
            keys: "y",
            where: "record",
            once: true,
            run: approve,
          },
          {
            id: "approval.reject",
            label: t("approval.reject"),
            icon: IconX,
            keys: "n",
            where: "record",
            once: true,
            run: reject,
          },
        ]
      : [],
  );
  return (
    <section
      ref={frame}
      className={css.pending}
      aria-label={t("approval.title")}
      aria-busy={busy}
      data-answered={answered}
      style={{ minHeight: height }}
      tabIndex={-1}
      onFocus={onChosen}
    >
      <p className="quiet small">
        {t("approval.asks", { who: approval.by_name ?? t(approval.by ? "inbox.somebody" : "inbox.system") })}
        {" · "}
        <time dateTime={approval.asked_at} title={formats.datetime(approval.asked_at)}>
          {formats.moment(approval.asked_at)}
        </time>
        {approval.due_at && ` · ${t("approval.due", { time: formats.datetime(approval.due_at) })}`}
        {approval.approvers.length > 1 && ` · ${t(`approval.way.${approval.way}`)}`}
      </p>
      <p className={css.text}>{approval.text}</p>
      <People approval={approval} formats={formats} />
      {decides && (
        <Comment
          size="xs"
          maxRows={6}
          aria-label={t("approval.comment")}
          placeholder={t("approval.comment")}
          value={comment}
          onChange={setComment}
          onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
        />
      )}
      <div className={css.actions}>
        {decides && (
          <>
            <Button size="xs" leftSection={<IconCheck size={14} />} disabled={busy} onClick={approve}>
              {t("approval.approve")}
            </Button>
            <Button size="xs" variant="default" leftSection={<IconX size={14} />} disabled={busy} onClick={reject}>
              {t("approval.reject")}
            </Button>
            {model.objects.has("user") && owner && (
              <Button
                size="xs"
                variant="subtle"
                color="gray"
                aria-expanded={passing}
                onClick={() => setPassing(!passing)}
              >
                {t("approval.pass_on")}
              </Button>
            )}
          </>
        )}
        {approval.can_recall && !answered && (
          <Button
            size="xs"
            variant="default"
            disabled={busy}
            onClick={() => send(() => recall(approval.id), t("approval.state.recalled"))}
          >
            {t("approval.recall")}
          </Button>
        )}
      </div>
      {decides && passing && owner && (
        <PassOn approval={approval} field={owner} formats={formats} busy={busy} onPass={(to) => void pass(to)} />
      )}
      {approval.locks && approval.state === "pending" && <p className="quiet small">{t("approval.locks")}</p>}
    </section>
  );
}
