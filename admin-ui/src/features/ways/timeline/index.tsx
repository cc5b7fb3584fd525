import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { useFormats } from "~/fields/useFormats";
import { add, addDays, dayOf, daysBetween, startOf } from "~/meta/days";
import { useSession, zoneOf } from "~/meta/session";
import { useDrag } from "~/ui/drag";
import { Failure } from "~/ui/Failure";
import { Asked } from "../Asked";
import { OpenLink } from "../OpenLink";
import { Periods } from "../Periods";
import { type Entry, movedTo, periodOf } from "../period";
import type { WayProps } from "../types";
import { mostOfPeriod, usePeriod } from "../usePeriod";
import { Bar } from "./Bar";
import css from "./Timeline.module.css";

const zooms = ["week", "month", "quarter"] as const;
type Zoom = (typeof zooms)[number];

/** A row a record, with a bar from its start to its end. The address holds which days. */
export default function Timeline(props: WayProps) {
  const { object, view, columns, onOpen } = props;
  const { t, i18n } = useTranslation();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const height = phone ? 45 : 36; // with the line below
  const timeZone = zoneOf(useSession().me);
  const [at, setAt] = useSearchParams();
  const period = useMemo(() => periodOf(object, view, columns), [object, view, columns]);
  const zoom: Zoom = zooms.find((one) => one === at.get("span")) ?? "month";
  const today = dayOf(new Date(), timeZone);
  const day = /^\d{4}-\d\d-\d\d$/.test(at.get("day") ?? "") ? (at.get("day") as string) : today;
  const from = startOf(day, zoom);
  const before = add(from, 1, zoom);
  const days = daysBetween(from, before);
  const { found, entries, movable, moving, more } = usePeriod(props, period, from, before);
  const { move } = moving;
  const [asking, setAsking] = useState<Entry>();
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    overscan: 10,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows were measured with another height
  useEffect(() => rows.measure(), [height]);

  const set = (changes: Record<string, string>) => {
    const next = new URLSearchParams(at);
    for (const [key, value] of Object.entries(changes)) next.set(key, value);
    setAt(next, { replace: true });
  };
  const put = (entry: Entry, to: string, minutes?: number) => {
    setAsking(undefined);
    if (!period || (to === entry.from && minutes === undefined)) return;
    void move({ row: entry.row, to, values: movedTo(entry, period, timeZone, to, minutes) });
  };
  // What is dragged is taken by a day of it, and that day goes to the one under the pointer.
  const { dragged, start } = useDrag<{ entry: Entry; day: string }>({
    onDrop: ({ entry, day: taken }, over) => put(entry, addDays(entry.from, daysBetween(taken, over))),
  });

  if (!period) return <Failure says={t("ways.no_start")} />;
  if (found.isError) {
    const why = refusal(found.error);
    return <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />;
  }
  const all = Array.from({ length: days }, (_, i) => addDays(from, i));
  const write = (on: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(i18n.language, { timeZone: "UTC", ...options }).format(new Date(`${on}T00:00:00Z`));
  const headed = (on: string, i: number) =>
    zoom === "week"
      ? write(on, { weekday: "short", day: "numeric" })
      : zoom === "month"
        ? phone && i % 5
          ? ""
          : String(Number(on.slice(8)))
        : startOf(on, "week") === on
          ? write(on, { month: "short", day: "numeric" })
          : "";
  const shift = dragged?.over ? daysBetween(dragged.item.day, dragged.over) : 0;
  return (
    <div className={css.way} data-dragging={dragged !== undefined} data-stale={found.isPlaceholderData}>
      <Periods
        day={day}
        today={today}
        span={zoom}
        spans={[...zooms]}
        onGo={(to, span = zoom) => set({ day: to, span })}
      />
      {more && <p className={css.limit}>{t("ways.too_many", { most: formats.number(mostOfPeriod, 0) })}</p>}
      <div className={css.frame} ref={frame}>
        <div className={css.head} aria-hidden>
          <span className={css.names} />
          <div className={css.days}>
            {all.map((on, i) => (
              <span key={on} data-today={on === today}>
                {headed(on, i)}
              </span>
            ))}
          </div>
        </div>
        {found.isSuccess && entries.length === 0 && <p className={css.none}>{t("ways.none_here")}</p>}
        <ul className={css.rows} style={{ height: rows.getTotalSize() }} aria-label={object.plural}>
          {rows.getVirtualItems().map((item) => {
            const entry = entries[item.index];
            if (!entry) return null;
            const name = String(entry.row[object.nameField] ?? entry.row.id);
            const moved = dragged?.item.entry.row.id === entry.row.id ? shift : 0;
            return (
              <li key={entry.row.id} className={css.row} style={{ height, transform: `translateY(${item.start}px)` }}>
                <OpenLink className={css.names} title={name} object={object} id={entry.row.id} onOpen={onOpen}>
                  {name}
                </OpenLink>
                <div className={css.days}>
                  {all.map((on) => (
                    <span key={on} data-drop={on} data-today={on === today} />
                  ))}
                  <Bar
                    entry={entry}
                    name={name}
                    columns={columns}
                    formats={formats}
                    first={daysBetween(from, entry.from) + moved}
                    length={daysBetween(entry.from, entry.to) + 1}
                    days={days}
                    onTake={
                      movable
                        ? (event) => {
                            const box = event.currentTarget.parentElement?.getBoundingClientRect();
                            const place = box ? Math.floor(((event.clientX - box.left) / box.width) * days) : 0;
                            start(event, { entry, day: addDays(from, place) });
                          }
                        : undefined
                    }
                    onAsk={() => setAsking(entry)}
                  >
                    <Asked
                      object={object}
                      formats={formats}
                      entry={entry}
                      name={name}
                      period={period}
                      timeZone={timeZone}
                      moving={moving}
                      asking={asking}
                      onMove={put}
                      onClose={() => setAsking(undefined)}
                    />
                  </Bar>
                </div>
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
