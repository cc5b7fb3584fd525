import { Button, Textarea } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Approval, decide, passOn, recall } from "~/api/approvals";
import { refusal } from "~/api/client";
import type { Formats } from "~/fields";
import { find } from "~/fields/find";
import { ReferenceInput } from "~/fields/ReferenceInput";
import { useSession } from "~/meta/session";
import { useCommands } from "~/ui/commands";
import { notify } from "~/ui/notices";
import css from "./Approvals.module.css";
import { People } from "./People";

interface Props {
  approval: Approval;
  formats: Formats;
  /** Its decision has keys. */
  keys: boolean;
}

/** Something that waits to be decided: by whom, and here, where it waits for this person. */
export function Pending({ approval, formats, keys }: Props) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const cache = useQueryClient();
  const [comment, setComment] = useState("");
  const [passing, setPassing] = useState(false);
  const [busy, setBusy] = useState(false);
  const owner = model.objects.get(approval.object)?.fields.get("owner");

  const answer = async (send: () => Promise<Approval>, says: string) => {
    if (busy) return;
    setBusy(true);
    try {
      await send();
      setComment("");
      setPassing(false);
      notify({ text: says });
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant] });
    setBusy(false);
  };
  const approve = () => answer(() => decide(approval.id, "approved", comment), t("approval.person.approved"));
  const reject = () => answer(() => decide(approval.id, "rejected", comment), t("approval.person.rejected"));
  const pass = (to: string) => answer(() => passOn(approval.id, to, comment), t("approval.person.passed_on"));
  useCommands(
    keys
      ? [
          {
            id: "approval.approve",
            label: t("approval.approve"),
            icon: IconCheck,
            keys: "y",
            where: "record",
            run: approve,
          },
          { id: "approval.reject", label: t("approval.reject"), icon: IconX, keys: "n", where: "record", run: reject },
        ]
      : [],
  );
  return (
    <section className={css.pending} aria-label={t("approval.title")} aria-busy={busy}>
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
      {approval.can_decide && (
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
        {approval.can_decide && (
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
        {approval.can_recall && (
          <Button
            size="xs"
            variant="default"
            disabled={busy}
            onClick={() => answer(() => recall(approval.id), t("approval.state.recalled"))}
          >
            {t("approval.recall")}
          </Button>
        )}
      </div>
      {approval.locks && <p className="quiet small">{t("approval.locks")}</p>}
    </section>
  );
}
