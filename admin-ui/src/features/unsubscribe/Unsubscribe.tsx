import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { said } from "~/api/linked";
import { leaverOf, type Unsubscription, unsubscribe, unsubscriptionOf } from "~/api/unsubscribing";
import { i18n, nearest } from "~/i18n";
import { Linked } from "~/ui/Linked";
import css from "~/ui/Linked.module.css";

/** What somebody unsubscribes from who followed the link in an e-mail. To open it unsubscribes nobody. */
export function Unsubscribe() {
  const { t, i18n: speaks } = useTranslation();
  const language = speaks.language;
  const [link] = useState(() => leaverOf(location));
  const [from, setFrom] = useState<Unsubscription>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    if (!link) return;
    let left = false;
    unsubscriptionOf(link, i18n.language).then(
      (found) => {
        if (left) return;
        setFrom(found);
        if (found.language) void i18n.changeLanguage(nearest(found.language));
      },
      (error) => !left && setProblem(said(error)),
    );
    return () => {
      left = true;
    };
  }, [link]);

  const leave = async () => {
    if (!link || !from) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await unsubscribe(link, language);
      setFrom({ ...from, done: true });
    } catch (error) {
      setProblem(said(error));
    } finally {
      setBusy(false);
    }
  };
  const told = from && { address: from.address, sender: from.sender ?? t("unsubscribe.sender") };
  return (
    <Linked
      title={t("unsubscribe.title")}
      name={t("unsubscribe.title")}
      busy={!!link && !from && !problem}
      problem={problem ?? (link ? undefined : t("linked.none"))}
    >
      {told && !from.done && (
        <>
          <p className={css.text}>{t("unsubscribe.asks", told)}</p>
          <p className={css.aside}>{t("unsubscribe.rest")}</p>
          <Button loading={busy} onClick={() => void leave()}>
            {t("unsubscribe.leave")}
          </Button>
        </>
      )}
      {told && from.done && (
        <div role="status" className={css.said}>
          <p className={css.text}>{t("unsubscribe.done", told)}</p>
          <p className={css.aside}>
            {t("unsubscribe.rest")} {from.reply && t("unsubscribe.again", { reply: from.reply })}
          </p>
        </div>
      )}
    </Linked>
  );
}
