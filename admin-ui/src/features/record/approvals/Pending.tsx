import { Button, Textarea } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer, OnAnswered } from "~/api/answered";
import { type Approval, decide, passOn, recall } from "~/api/approvals";
import { refusal } from "~/api/client";
import type { Formats } from "~/fields";
import { find } from "~/fields/find";
import { ReferenceInput } from "~/fields/ReferenceInput";
import { useSession } from "~/meta/session";
import { useCommands } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { State } from "~/ui/State";
import css from "./Approvals.module.css";
import { People } from "./People";

/** What the person said here, and how high this was before: it stays as it is. */
interface Given {
  says: Answer;
  height: number;
}

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
  const [comment, setComment] = useState("");
  const [passing, setPassing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Given>();
  const frame = useRef<HTMLElement>(null);
  const owner = model.objects.get(approval.object)?.fields.get("owner");

  const send = async (ask: () => Promise<Approval>, says: string, gives?: Given["says"]) => {
    if (busy) return;
    setBusy(true);
    try {
      const now = await ask();
      setComment("");
      setPassing(false);
      if (gives) {
        setAnswer({ says: gives, height: frame.current?.getBoundingClientRect().height ?? 0 });
        onAnswered(now, gives);
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
  useCommands(
    keys && approval.can_decide && !answer
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
  const decides = approval.can_decide && !answer;
  return (
    <section
      ref={frame}
      className={css.pending}
      aria-label={t("approval.title")}
      aria-busy={busy}
      data-answered={!!answer}
      style={answer && { minHeight: answer.height }} // what is below stays where it is
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
      <p className={css.text}>
        {answer && <State of={answer.says} says={t(`approval.person.${answer.says}`)} />} {approval.text}
      </p>
      <People approval={approval} formats={formats} />
      {decides && (
        <Textarea
          size="xs"
          autosize
          maxRows={6}
          maxLength={2000}
          aria-label={t("approval.comment")}
          placeholder={t("approval.comment")}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
          onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
        />
      )}
      {passing && owner && (
        <ReferenceInput
          field={owner}
          formats={formats}
          target="user"
          value={null}
          label={t("approval.pass_to")}
          autoFocus
          candidates={find(model, "user")}
          onChange={(to) => to && pass(to)}
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
        {approval.can_recall && !answer && (
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
      {approval.locks && approval.state === "pending" && <p className="quiet small">{t("approval.locks")}</p>}
    </section>
  );
}
