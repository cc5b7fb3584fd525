import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import css from "./Activity.module.css";

interface Props {
  label: string;
  busy: boolean;
  /** What the buttons say. */
  cancel: string;
  submit: string;
  /** Saves or sends it; whether that was taken. */
  onSubmit(): Promise<boolean>;
  /** Throws away what was entered. */
  onDiscard(): void;
  onDone(): void;
  /** Before the buttons. */
  more?: ReactNode;
  children: ReactNode;
}

/** Something that is written about a record, beside it: Ctrl or ⌘ with Enter submits it, Escape leaves it as it is. */
export function ComposerForm({ label, busy, cancel, submit, onSubmit, onDiscard, onDone, more, children }: Props) {
  const taken = async () => {
    if (await onSubmit()) onDone();
  };
  return (
    <form
      className={css.composer}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        void taken();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
          event.preventDefault();
          void taken();
        }
        if (event.key === "Escape" && !event.defaultPrevented) onDone();
      }}
    >
      {children}
      <div className={css.foot}>
        {more}
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            onDiscard();
            onDone();
          }}
        >
          {cancel}
        </Button>
        <Button type="submit" size="xs" loading={busy}>
          {submit}
        </Button>
      </div>
    </form>
  );
}
