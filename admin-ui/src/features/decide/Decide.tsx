import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { askedBy, decideBy } from "~/api/decisions";
import { said, useLinked } from "~/api/useLinked";
import { Comment } from "~/ui/Comment";
import { Frame } from "~/ui/Frame";
import css from "~/ui/Frame.module.css";

/** What somebody is asked to decide who followed a link in their mail. To open it decides nothing. */
export function Decide() {
  const { t } = useTranslation();
  const { link, asked, language, problem, setProblem } = useLinked(askedBy);
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState<"approved" | "rejected">();
  const [done, setDone] = useState<"approved" | "rejected">();

  const decide = async (decision: "approved" | "rejected") => {
    if (!link) return;
    setBusy(decision);
    setProblem(undefined);
    try {
      await decideBy(link, language, decision, comment);
      setDone(decision);
    } catch (error) {
      setProblem(said(error));
    } finally {
      setBusy(undefined);
    }
  };
  const time = (at: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
  return (
    <Frame
      title={asked ? asked.label : t("approval.title")}
      busy={!!link && !asked && !problem}
      problem={link ? problem : t("linked.none")}
    >
      {asked && (
        <>
          <p className={css.aside}>
            {asked.object}: {asked.name}
            {asked.by_name && ` · ${t("approval.asks", { who: asked.by_name })}`}
          </p>
          <p className={css.text}>{asked.text}</p>
        </>
      )}
      {asked && !done && (
        <>
          <Comment label={t("approval.comment")} minRows={2} maxRows={8} value={comment} onChange={setComment} />
          <div className={css.answers}>
            <Button loading={busy === "approved"} disabled={!!busy} onClick={() => void decide("approved")}>
              {t("approval.approve")}
            </Button>
            <Button
              variant="default"
              loading={busy === "rejected"}
              disabled={!!busy}
              onClick={() => void decide("rejected")}
            >
              {t("approval.reject")}
            </Button>
          </div>
          <p className={css.aside}>
            {t("decide.as", { who: asked.for })} · {t("approval.due", { time: time(asked.open_till) })}
          </p>
        </>
      )}
      {done && <p role="status">{t(`decide.${done}`)}</p>}
    </Frame>
  );
}
