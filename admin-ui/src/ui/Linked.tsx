import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import icon from "./icon.svg";
import css from "./Linked.module.css";

interface Props {
  title: string;
  /** Of the page in the browser. */
  name: string;
  busy: boolean;
  problem: string | undefined;
  children: ReactNode;
}

/** The page for whoever followed a link in their mail, without the rest of the application: they have not logged in. */
export function Linked({ title, name, busy, problem, children }: Props) {
  const { language } = useTranslation().i18n;
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = name;
  }, [language, name]);
  return (
    <main className={css.page}>
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
