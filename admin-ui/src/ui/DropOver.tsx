import type { ReactNode } from "react";
import css from "./DropOver.module.css";

/** Lies over the page while a file is dragged over it, or read. */
export function DropOver({ children }: { children: ReactNode }) {
  return (
    <div className={css.over} role="status">
      {children}
    </div>
  );
}
