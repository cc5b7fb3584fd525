import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { leaverOf, unsubscribe, unsubscriptionOf } from "~/api/unsubscribing";
import { said, useLinked } from "~/api/useLinked";
import { Frame } from "~/ui/Frame";
import css from "~/ui/Frame.module.css";

const leaver = () => leaverOf(location);

/** What somebody unsubscribes from who followed the link in an e-mail. To open it unsubscribes nobody. */
export function Unsubscribe() {
  const { t } = useTranslation();
  const { link, asked, language, problem, setProblem } = useLinked(unsubscriptionOf, leaver);
  const [left, setLeft] = useState(false);
  const [busy, setBusy] = useState(false);

  const leave = async () => {
    if (!link) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await unsubscribe(link, language);
      setLeft(true);
    } catch (error) {
      setProblem(said(error));
    } finally {
      setBusy(false);
    }
  };
  const told = asked && { address: asked.address, sender: asked.sender ?? t("unsubscribe.sender") };
  const done = left || !!asked?.done;
  return (
    <Frame
      title={t("unsubscribe.title")}
      busy={!!link && !asked && !problem}
      problem={link ? problem : t("linked.none")}
    >
      {told && !done && (
        <>
          <p className={css.text}>{t("unsubscribe.asks", told)}</p>
          <p className={css.aside}>{t("unsubscribe.rest")}</p>
          <Button loading={busy} onClick={() => void leave()}>
            {t("unsubscribe.leave")}
          </Button>
        </>
      )}
      {told && done && (
        <div role="status" className={css.said}>
          <p className={css.text}>{t("unsubscribe.done", told)}</p>
          <p className={css.aside}>
            {t("unsubscribe.rest")} {asked?.reply && t("unsubscribe.again", { reply: asked.reply })}
          </p>
        </div>
      )}
    </Frame>
  );
}
