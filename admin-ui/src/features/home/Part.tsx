import type { ReactNode } from "react";
import { Link } from "react-router";
import css from "./Home.module.css";
import type { OwnProps } from "./widget";

/** A widget under a heading that leads to what is behind it. */
export function Part({ widget, label, to, children }: OwnProps & { to: string; children: ReactNode }) {
  return (
    <section className={css.widget} data-width={widget.width ?? 2} aria-label={label}>
      <h2 className={css.heading}>
        <Link to={to} className={css.title}>
          {label}
        </Link>
      </h2>
      {children}
    </section>
  );
}
