import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { addDays, daysBetween } from "~/meta/days";
import { type Entry, lanesOf } from "../period";
import css from "./Calendar.module.css";
import { type Drawing, Item } from "./Item";

interface Props {
  from: string;
  before: string;
  today: string;
  /** Those that have a time. */
  entries: Entry[];
  over?: string;
  drawing: Drawing;
  /** Absent: nothing may be created. */
  onNew?(day: string, minutes: number): void;
}

const high = 44; // of an hour; on a phone of half an hour, which is what is pressed
const begins = 8;
const half = 30;
const places = Array.from({ length: 48 }, (_, i) => i * half);

/** The hours of some days, each entry as long as it takes. */
export function Hours({ from, before, today, entries, over, drawing, onNew }: Props) {
  const { t, i18n } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const hour = phone ? 2 * high : high;
  useEffect(() => {
    frame.current?.scrollTo({ top: begins * hour });
  }, [hour]);
  const days = Array.from({ length: daysBetween(from, before) }, (_, i) => addDays(from, i));
  const clock = new Intl.DateTimeFormat(i18n.language, { timeStyle: "short", timeZone: "UTC" });
  const hourly = new Intl.DateTimeFormat(i18n.language, { hour: "numeric", timeZone: "UTC" });
  const write = (day: string) =>
    new Intl.DateTimeFormat(i18n.language, { timeZone: "UTC", dateStyle: "full" }).format(new Date(`${day}T00:00:00Z`));
  const at = (minutes: number) => clock.format(new Date(minutes * 60_000));
  return (
    <section
      className={css.hours}
      ref={frame}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
      tabIndex={0}
      aria-label={t("ways.hours")}
    >
      <div className={css.clock} aria-hidden>
        {places
          .filter((m) => m % 60 === 0)
          .map((m) => (
            <span key={m} style={{ height: hour }}>
              {m > 0 && hourly.format(new Date(m * 60_000))}
            </span>
          ))}
      </div>
      {days.map((day) => {
        const here = entries.filter((e) => e.from <= day && e.to >= day);
        const spans = here.map((e) => ({
          from: e.from === day ? (e.minutes?.from ?? 0) : 0,
          to: Math.max(
            e.to === day ? (e.minutes?.to ?? 0) : 24 * 60,
            (e.from === day ? (e.minutes?.from ?? 0) : 0) + half,
          ),
        }));
        const lanes = lanesOf(spans);
        return (
          <div key={day} className={css.column} data-today={day === today}>
            {places.map((m) => {
              const key = `${day} ${m}`;
              return (
                <button
                  key={m}
                  type="button"
                  tabIndex={-1}
                  className={css.place}
                  style={{ height: hour / 2 }}
                  data-drop={key}
                  data-over={over === key}
                  disabled={!onNew}
                  aria-label={t("ways.new_on", { day: `${write(day)} ${at(m)}` })}
                  onClick={() => onNew?.(day, m)}
                />
              );
            })}
            {here.map((entry, i) => {
              const { lane, lanes: all } = lanes[i] ?? { lane: 0, lanes: 1 };
              const { from: top, to } = spans[i] ?? { from: 0, to: half };
              return (
                <Item
                  key={entry.row.id}
                  {...drawing}
                  entry={entry}
                  first={entry.from === day || day === from}
                  time={entry.from === day ? at(top) : undefined}
                  style={{
                    position: "absolute",
                    marginLeft: 2,
                    overflow: "hidden",
                    top: (top * hour) / 60,
                    height: ((to - top) * hour) / 60 - 1,
                    left: `${(100 * lane) / all}%`,
                    width: `calc(${100 / all}% - 4px)`,
                  }}
                />
              );
            })}
          </div>
        );
      })}
    </section>
  );
}
