import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { useFormats } from "~/fields/useFormats";
import { add, addDays, dayOf, startOf } from "~/meta/days";
import { useSession, zoneOf } from "~/meta/session";
import { useDrag } from "~/ui/drag";
import { Failure } from "~/ui/Failure";
import { Asked } from "../Asked";
import { Periods } from "../Periods";
import { type Entry, givenOn, movedTo, periodOf } from "../period";
import type { WayProps } from "../types";
import { mostOfPeriod, usePeriod } from "../usePeriod";
import css from "./Calendar.module.css";
import { Days } from "./Days";
import { Hours } from "./Hours";
import { type Drawing, nameOf } from "./Item";

const spans = ["month", "week", "day"] as const;
type Span = (typeof spans)[number];

/** A list by its days. The address holds which ones. */
export default function Calendar(props: WayProps) {
  const { object, view, columns, onOpen } = props;
  const { t } = useTranslation();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const [at, setAt] = useSearchParams();
  const period = useMemo(() => periodOf(object, view, columns), [object, view, columns]);
  const span = spans.find((one) => one === at.get("span")) ?? "month";
  const timeZone = zoneOf(useSession().me);
  const today = dayOf(new Date(), timeZone);
  const day = /^\d{4}-\d\d-\d\d$/.test(at.get("day") ?? "") ? (at.get("day") as string) : today;
  const first = startOf(day, span);
  const from = span === "month" ? startOf(first, "week") : first;
  const before = span === "month" ? startOf(addDays(add(first, 1, "month"), 6), "week") : add(first, 1, span);
  const { found, entries, movable, moving, more } = usePeriod(props, period, from, before);
  const [asking, setAsking] = useState<Entry>();
  const { move } = moving;

  const set = (changes: Record<string, string>) => {
    const next = new URLSearchParams(at);
    for (const [key, value] of Object.entries(changes)) next.set(key, value);
    setAt(next, { replace: true });
  };
  const go = (to: string, wide: Span = span) => set({ day: to, span: wide });
  const put = useCallback(
    (entry: Entry, to: string, minutes?: number) => {
      setAsking(undefined);
      if (!period) return;
      const values = movedTo(entry, period, timeZone, to, minutes);
      if (Object.entries(values).every(([name, value]) => same(entry.row[name], value))) return;
      void move({ row: entry.row, to, values });
    },
    [period, timeZone, move],
  );
  const { dragged, start, ghost } = useDrag<Entry>({
    onDrop: (entry, over) => {
      const [to, minutes] = over.split(" ");
      if (to) put(entry, to, minutes === undefined ? undefined : Number(minutes));
    },
  });

  if (!period) return <Failure says={t("ways.no_start")} />;
  if (found.isError) {
    const why = refusal(found.error);
    return <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />;
  }
  const timed = period.start.shows === "datetime";
  const create = object.can.create && period.start.editable;
  const onNew = create
    ? (on: string, minutes?: number) => set({ new: givenOn(period, timeZone, on, minutes) })
    : undefined;
  const drawing: Drawing = {
    object,
    columns,
    formats,
    timeZone,
    onTake: movable ? start : undefined,
    dragged: dragged?.item.row.id,
    onAsk: setAsking,
    onOpen,
    floating: (entry) => (
      <Asked
        object={object}
        formats={formats}
        entry={entry}
        name={nameOf(object, entry)}
        period={period}
        timeZone={timeZone}
        moving={moving}
        asking={asking}
        onMove={put}
        onClose={() => setAsking(undefined)}
      />
    ),
  };
  const agenda = phone && span === "week"; // seven columns are too narrow for a thumb
  const withHours = timed && span !== "month" && !agenda;
  const shared = { from, before, today, over: dragged?.over, drawing };
  return (
    <div className={css.way} data-dragging={dragged !== undefined} data-stale={found.isPlaceholderData}>
      <Periods day={day} today={today} span={span} spans={[...spans]} onGo={go} />
      {more && <p className={css.limit}>{t("ways.too_many", { most: formats.number(mostOfPeriod, 0) })}</p>}
      <Days
        {...shared}
        agenda={agenda || span === "day"}
        entries={withHours ? entries.filter((e) => !e.minutes) : entries}
        month={span === "month" ? first.slice(0, 7) : undefined}
        most={span === "month" ? (phone ? 0 : 4) : undefined}
        onDay={(on) => go(on, "day")}
        onNew={onNew}
      />
      {withHours && <Hours {...shared} entries={entries.filter((e) => e.minutes)} onNew={onNew} />}
      {dragged && (
        <div className={css.ghost} ref={ghost} style={{ width: Math.min(dragged.width, 220) }}>
          {nameOf(object, dragged.item)}
        </div>
      )}
    </div>
  );
}

/** Whether two values are the same date or instant, however they are written. */
const same = (a: unknown, b: unknown) => a === b || +new Date(String(a)) === +new Date(String(b));
