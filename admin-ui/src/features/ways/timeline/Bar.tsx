import { IconDots } from "@tabler/icons-react";
import type { PointerEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Formats, typeOf } from "~/fields";
import { optionColour } from "~/fields/options";
import type { Column } from "~/meta/model";
import type { Entry } from "../period";
import css from "./Timeline.module.css";

interface Props {
  entry: Entry;
  name: string;
  columns: Column[];
  formats: Formats;
  /** The day on which it begins, counted from the first one in sight, and how many days it takes. */
  first: number;
  length: number;
  /** In sight. */
  days: number;
  /** Absent: it can't be moved. */
  onTake?(event: PointerEvent<HTMLElement>): void;
  onAsk(): void;
  /** What floats at it. */
  children: ReactNode;
}

export function Bar({ entry, name, columns, formats, first, length, days, onTake, onAsk, children }: Props) {
  const { t } = useTranslation();
  const from = Math.max(0, first);
  const to = Math.min(days, first + length);
  const state = columns.find((c) => c.field.options.length > 0 && typeof entry.row[c.path] === "string");
  const told = columns
    .filter(({ path }) => entry.row[path] !== null && entry.row[path] !== undefined)
    .map(({ path, field, namePath, label }) => {
      const shown = { field, formats, name: namePath && (entry.row[namePath] as string | null) };
      return `${label}: ${typeOf(field.shows).text(entry.row[path], shown)}`;
    });
  if (to <= from) return null;
  return (
    <div
      className={css.bar}
      title={[name, ...told].join("\n")}
      data-entry={entry.row.id}
      data-still={!onTake}
      data-before={first < 0}
      data-behind={first + length > days}
      data-room={to < 0.8 * days ? "behind" : from > 0.2 * days ? "before" : "none"}
      data-colour={state && optionColour(state.field, entry.row[state.path] as string)}
      style={{ left: `${(100 * from) / days}%`, width: `${(100 * (to - from)) / days}%` }}
      onPointerDown={onTake}
    >
      {onTake && (
        <button type="button" className={css.more} aria-label={t("ways.move_card", { name })} onClick={onAsk}>
          <IconDots size={14} />
        </button>
      )}
      {children}
    </div>
  );
}
