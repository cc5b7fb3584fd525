import { useTranslation } from "react-i18next";
import { addDays, daysBetween } from "~/meta/days";
import type { Entry } from "../period";
import css from "./Calendar.module.css";
import { type Drawing, Item } from "./Item";

interface Props {
  from: string;
  before: string;
  /** The month in sight; days of others are fainter. Absent: all alike. */
  month?: string;
  today: string;
  entries: Entry[];
  /** The days stand below each other, not in weeks. */
  agenda: boolean;
  /** At most so many entries a day; the rest is on the day itself. */
  most?: number;
  over?: string;
  drawing: Drawing;
  onDay(day: string): void;
  /** Absent: nothing may be created. */
  onNew?(day: string): void;
}

/** Days in rows of a week, or one below the other, each with what is on it. */
export function Days({ from, before, month, today, entries, agenda, most, over, drawing, onDay, onNew }: Props) {
  const { t, i18n } = useTranslation();
  const write = (day: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(i18n.language, { timeZone: "UTC", ...options }).format(new Date(`${day}T00:00:00Z`));
  const days = Array.from({ length: daysBetween(from, before) }, (_, i) => addDays(from, i));
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: "short", timeZone: drawing.timeZone });
  const start = (entry: Entry) => (entry.minutes ? time.format(new Date(entry.at)) : undefined);
  return (
    <div className={css.days} data-agenda={agenda}>
      {!agenda &&
        days.slice(0, 7).map((day) => (
          <div key={day} className={css.weekday} aria-hidden>
            {write(day, { weekday: "short" })}
          </div>
        ))}
      {days.map((day) => {
        const here = entries.filter((e) => e.from <= day && e.to >= day);
        const drawn = most !== undefined && here.length > most ? here.slice(0, Math.max(0, most - 1)) : here;
        const label = write(day, { dateStyle: "full" });
        return (
          <section
            key={day}
            className={css.day}
            aria-label={label}
            data-drop={day}
            data-other={month !== undefined && !day.startsWith(month)}
            data-today={day === today}
            data-over={over === day}
          >
            <header>
              <button type="button" className={css.number} onClick={() => onDay(day)} aria-label={label}>
                {agenda ? label : Number(day.slice(8))}
              </button>
              {here.length > 0 && <span className={css.count}>{here.length}</span>}
              {onNew && (
                <button
                  type="button"
                  className={css.add}
                  aria-label={t("ways.new_on", { day: label })}
                  onClick={() => onNew(day)}
                >
                  +
                </button>
              )}
            </header>
            {drawn.map((entry) => (
              <Item
                key={entry.row.id}
                {...drawing}
                entry={entry}
                first={entry.from === day || day === from}
                time={entry.from === day ? start(entry) : undefined}
              />
            ))}
            {drawn.length < here.length && (
              <button type="button" className={css.rest} onClick={() => onDay(day)}>
                {t("ways.more", { count: here.length - drawn.length })}
              </button>
            )}
            {onNew && (
              <button
                type="button"
                className={css.empty}
                tabIndex={-1}
                aria-hidden
                onClick={() => (most === 0 ? onDay : onNew)(day)}
              />
            )}
          </section>
        );
      })}
    </div>
  );
}
