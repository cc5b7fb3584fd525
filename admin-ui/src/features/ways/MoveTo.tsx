import { Button, Popover, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { minutesOf } from "~/meta/days";
import css from "./MoveTo.module.css";
import type { Entry } from "./period";

interface Props {
  entry: Entry;
  name: string;
  timeZone: string;
  /** Of an instant the time is asked for too. */
  time?: string;
  onMove(day: string, minutes?: number): void;
  onClose(): void;
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** Asks for the day, and the time, to which something is moved: what dragging does, by keys. */
export function MoveTo({ entry, name, timeZone, time, onMove, onClose }: Props) {
  const { t } = useTranslation();
  const [day, setDay] = useState(entry.from);
  const [at, setAt] = useState(time === undefined ? "" : clock(minutesOf(new Date(time), timeZone)));
  const [hours, minutes] = at.split(":").map(Number);
  return (
    <Floating label={t("ways.move_card", { name })} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (day) onMove(day, time === undefined ? undefined : (hours ?? 0) * 60 + (minutes ?? 0));
        }}
      >
        <TextInput
          data-autofocus
          size="xs"
          type="date"
          label={t("ways.day")}
          value={day}
          onChange={(e) => setDay(e.currentTarget.value)}
        />
        {time !== undefined && (
          <TextInput
            size="xs"
            type="time"
            label={t("ways.time")}
            value={at}
            onChange={(e) => setAt(e.currentTarget.value)}
          />
        )}
        <footer>
          <Button size="xs" variant="default" onClick={onClose}>
            {t("record.cancel")}
          </Button>
          <Button size="xs" type="submit">
            {t("ways.move")}
          </Button>
        </footer>
      </form>
    </Floating>
  );
}

/** A panel at the entry in which it stands. */
export function Floating({ label, onClose, children }: { label: string; onClose(): void; children: ReactNode }) {
  return (
    <Popover
      opened
      onChange={(open) => !open && onClose()}
      position="bottom"
      shadow="md"
      width={280}
      trapFocus
      withinPortal
      returnFocus
    >
      <Popover.Target>
        <span className={css.anchor} />
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>{children}</Popover.Dropdown>
    </Popover>
  );
}
