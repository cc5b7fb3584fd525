// When a record is: its start and end, as days and minutes of the reader's clock.
import type { Stored } from "~/api/client";
import { within } from "~/api/filters";
import { addDays, dayOf, daysBetween, instantOf, minutesOf } from "~/meta/days";
import type { ViewDoc } from "~/meta/documents";
import type { Column, Field, ObjectModel } from "~/meta/model";

/** The fields that say when. */
export interface Period {
  start: Field;
  end?: Field;
}

/** What a view names, else its first columns that are dates, or instants. */
export function periodOf(object: ObjectModel, view: ViewDoc | undefined, columns: Column[]): Period | undefined {
  const dated = (field: Field | undefined) => field && (field.shows === "date" || field.shows === "datetime");
  const own = columns.filter((c) => c.path === c.field.name && dated(c.field)).map((c) => c.field);
  const start = view?.start ? object.fields.get(view.start) : own[0];
  if (!start || !dated(start)) return undefined;
  const end = view?.end ? object.fields.get(view.end) : view?.start ? undefined : own[1];
  return { start, end: end && end.shows === start.shows ? end : undefined };
}

/** Which records are to be seen from one day on and before another, and no others. */
export function inSight({ start, end }: Period, from: string, before: string): string {
  const type = start.shows as "date" | "datetime";
  if (!end) return within(start.name, type, from, before);
  const day = (name: string) => (type === "datetime" ? `date(${name})` : name);
  const literal = (at: string) => `date(${at.split("-").map(Number).join(", ")})`;
  return `${day(start.name)} < ${literal(before)} and (${day(start.name)} >= ${literal(from)} or ${day(end.name)} >= ${literal(from)})`;
}

/** A record in its time. */
export interface Entry {
  row: Stored;
  /** The value of its start. */
  at: string;
  /** The first and the last day of it. */
  from: string;
  to: string;
  /** Since midnight of the first and the last day; absent where whole days are meant. */
  minutes?: { from: number; to: number };
}

/** How long something is drawn that has no end. */
const usual = 30;

export function entryOf(row: Stored, { start, end }: Period, timeZone: string): Entry | undefined {
  const first = row[start.name] as string | null;
  const said = (end && (row[end.name] as string | null)) ?? first;
  if (!first || !said) return undefined;
  const last = [first, said].sort()[1] as string; // an end before the start is none
  if (start.shows === "date") return { row, at: first, from: first, to: last };
  const begins = new Date(first);
  const ends = new Date(last);
  const from = dayOf(begins, timeZone);
  const minutes = minutesOf(begins, timeZone);
  // What ends at midnight is not there on the day that begins.
  const lastMoment = ends > begins ? new Date(+ends - 1) : ends;
  const to = dayOf(lastMoment, timeZone);
  const whole = minutes === 0 && ends > begins && minutesOf(ends, timeZone) === 0;
  if (whole) return { row, at: first, from, to };
  const until =
    from === to ? (ends > begins ? minutesOf(lastMoment, timeZone) + 1 : minutes + usual) : minutesOf(ends, timeZone);
  return { row, at: first, from, to, minutes: { from: minutes, to: Math.min(until, 24 * 60) } };
}

/** The values of a record that begins on another day, and at another time where one is given; it stays as long. */
export function movedTo(
  entry: Entry,
  period: Period,
  timeZone: string,
  day: string,
  minutes?: number,
): Record<string, unknown> {
  const { start, end } = period;
  const has = end && entry.row[end.name] !== null && entry.row[end.name] !== undefined;
  if (start.shows === "date") {
    const by = daysBetween(entry.from, day);
    return { [start.name]: day, ...(has && { [end.name]: addDays(entry.row[end.name] as string, by) }) };
  }
  const before = new Date(entry.at);
  const begins = instantOf(day, minutes ?? minutesOf(before, timeZone), timeZone);
  const length = has ? +new Date(entry.row[end.name] as string) - +before : 0;
  return { [start.name]: begins.toISOString(), ...(has && { [end.name]: new Date(+begins + length).toISOString() }) };
}

/** What an address gives a new record that begins on a day: its start, and an end a little later. */
export function givenOn({ start, end }: Period, timeZone: string, day: string, minutes = 9 * 60): string {
  const at = (later: number) =>
    start.shows === "date" ? day : instantOf(day, minutes + later, timeZone).toISOString();
  return [`${start.name}=${at(0)}`, ...(end?.editable ? [`${end.name}=${at(usual)}`] : [])].join(";");
}

/** Beside which others each entry of a day stands: its lane, and how many there are. */
export function lanesOf(entries: { from: number; to: number }[]): { lane: number; lanes: number }[] {
  const order = entries.map((_, i) => i).sort((a, b) => (entries[a]?.from ?? 0) - (entries[b]?.from ?? 0));
  const found: { lane: number; lanes: number }[] = entries.map(() => ({ lane: 0, lanes: 1 }));
  let group: number[] = [];
  let ends: number[] = [];
  const close = () => {
    for (const i of group) (found[i] as { lanes: number }).lanes = ends.length;
    group = [];
    ends = [];
  };
  for (const i of order) {
    const { from, to } = entries[i] as { from: number; to: number };
    if (ends.every((end) => end <= from)) close();
    const free = ends.findIndex((end) => end <= from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to;
    group.push(i);
    (found[i] as { lane: number }).lane = lane;
  }
  close();
  return found;
}
