import type { ReactNode } from "react";
import css from "./Me.module.css";

/** A part of the page: what it is about, and its settings. */
export function Part({ title, says, children }: { title: string; says?: string; children: ReactNode }) {
  return (
    <section className={css.part} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {says && <p className="quiet">{says}</p>}
      </header>
      <div className={css.settings}>{children}</div>
    </section>
  );
}
