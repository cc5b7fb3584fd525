import { Button, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AskedDecision, askedBy, decideBy, linkOf } from "~/api/decisions";
import { said } from "~/api/linked";
import { i18n, nearest } from "~/i18n";
import { Linked } from "~/ui/Linked";
import css from "~/ui/Linked.module.css";

/** What somebody is asked who followed a link in their mail. To open it decides nothing. */
export function Decide() {
  const { t, i18n: speaks } = useTranslation();
  const language = speaks.language;
  const [link] = useState(() => linkOf(location.hash));
  const [asked, setAsked] = useState<AskedDecision>();
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState<"approved" | "rejected">();
  const [done, setDone] = useState<"approved" | "rejected">();
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    if (!link) return;
    let left = false;
    askedBy(link, i18n.language).then(
      (found) => {
        if (left) return;
        setAsked(found);
        void i18n.changeLanguage(nearest(found.language));
      },
      (error) => !left && setProblem(said(error)),
    );
    return () => {
      left = true;
    };
  }, [link]);

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
    <Linked
      title={asked ? asked.label : t("approval.title")}
      name={t("approval.title")}
      busy={!!link && !asked && !problem}
      problem={problem ?? (link ? undefined : t("linked.none"))}
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
          <Textarea
            label={t("approval.comment")}
            autosize
            minRows={2}
            maxRows={8}
            maxLength={2000}
            value={comment}
            onChange={(e) => setComment(e.currentTarget.value)}
          />
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
    </Linked>
  );
}
