import { CloseButton } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./Notices.module.css";
import { dismiss, type Shown, useNotices } from "./notices";

const stays = 7000; // ms, while the pointer and the focus are elsewhere

/** Where messages appear. Both regions are always there, since readers tell only of what is added to one. */
export function Notices() {
  const shown = useNotices((s) => s.shown);
  const of = (bad: boolean) => shown.filter((one) => (one.tone === "bad") === bad);
  return (
    <div className={css.notices}>
      <div role="status" aria-live="polite">
        {of(false).map((one) => (
          <Message key={one.id} notice={one} />
        ))}
      </div>
      <div role="alert" aria-live="assertive">
        {of(true).map((one) => (
          <Message key={one.id} notice={one} />
        ))}
      </div>
    </div>
  );
}

function Message({ notice }: { notice: Shown }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held || notice.tone === "bad") return;
    const wait = setTimeout(() => dismiss(notice.id), stays);
    return () => clearTimeout(wait);
  }, [held, notice]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only stays while it is looked at
    <div
      className={css.notice}
      data-tone={notice.tone}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{notice.text}</span>
      {notice.action && (
        <button
          type="button"
          className={css.action}
          onClick={() => {
            dismiss(notice.id);
            void notice.action?.run();
          }}
        >
          {notice.action.label}
        </button>
      )}
      <CloseButton size="sm" aria-label={t("app.close")} onClick={() => dismiss(notice.id)} />
    </div>
  );
}
