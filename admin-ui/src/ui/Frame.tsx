import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import icon from "~/ui/icon.svg";
import css from "./Frame.module.css";

interface Props {
  title: string;
  busy: boolean;
  problem: string | undefined;
  children: ReactNode;
}

/** The page of who followed a link in their mail, without the rest of the application: they have not logged in. */
export function Frame({ title, busy, problem, children }: Props) {
  const { i18n } = useTranslation();
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className={css.page} lang={i18n.language}>
      <section className={css.card} aria-busy={busy}>
        <header className={css.head}>
          <img src={icon} width={32} height={32} alt="" />
          <h1>{title}</h1>
        </header>
        {children}
        {problem && (
          <p className="bad" role="alert">
            {problem}
          </p>
        )}
      </section>
    </main>
  );
}
