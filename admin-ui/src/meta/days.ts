// Days as `2026-03-31`, and the parts of the calendar that they are in. A day is a day wherever it is read.

export type Unit = "day" | "week" | "month" | "quarter" | "year";

const at = (day: string) => new Date(`${day}T00:00:00Z`);
const text = (date: Date) => date.toISOString().slice(0, 10);

export function addDays(day: string, n: number): string {
  const date = at(day);
  date.setUTCDate(date.getUTCDate() + n);
  return text(date);
}

/** The same day of another month, or its last. */
export function addMonths(day: string, n: number): string {
  const date = at(day);
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + n);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(wanted, last));
  return text(date);
}

export const add = (day: string, n: number, unit: Unit): string =>
  unit === "day"
    ? addDays(day, n)
    : unit === "week"
      ? addDays(day, 7 * n)
      : addMonths(day, n * { month: 1, quarter: 3, year: 12 }[unit]);

const units: Record<string, Unit> = {
  ...{ d: "day", w: "week", m: "month", q: "quarter", y: "year" },
  ...{ 天: "day", 日: "day", 周: "week", 月: "month", 季: "quarter", 年: "year" },
};

/** The day that `+30d`, `-2w`, `+1m`, `+1q`, `+1y` or `+3` counts from another; undefined for what is none. */
export function dayFrom(day: string, text: string): string | undefined {
  const [, sign, count, unit = "d"] =
    /^([+-])\s*(\d{1,4})\s*([dwmqy天日周月季年])?$/.exec(text.trim().toLowerCase()) ?? [];
  return sign && add(day, Number(sign + count), units[unit] as Unit);
}

/** From one day to another. */
export const daysBetween = (from: string, to: string): number => Math.round((+at(to) - +at(from)) / 86_400_000);

/** 0 for Monday, with which weeks begin. */
export const weekday = (day: string): number => (at(day).getUTCDay() + 6) % 7;

export function startOf(day: string, unit: Unit): string {
  if (unit === "day") return day;
  if (unit === "week") return addDays(day, -weekday(day));
  const month = Number(day.slice(5, 7));
  if (unit === "month") return `${day.slice(0, 7)}-01`;
  if (unit === "year") return `${day.slice(0, 4)}-01-01`;
  return `${day.slice(0, 4)}-${String(month - ((month - 1) % 3)).padStart(2, "0")}-01`;
}

/** The first day of what the server calls `2026-03-31`, `2026-W14`, `2026-03`, `2026-Q1` or `2026`. */
export function dayOfPeriod(key: string): string {
  const week = /^(\d{4})-W(\d\d)$/.exec(key);
  if (week) return addDays(startOf(`${week[1]}-01-04`, "week"), 7 * (Number(week[2]) - 1)); // the 4th is in week 1
  const quarter = /^(\d{4})-Q(\d)$/.exec(key);
  if (quarter) return `${quarter[1]}-${String(3 * Number(quarter[2]) - 2).padStart(2, "0")}-01`;
  return `${key}-01-01`.slice(0, 10);
}

/** The day of an instant in a time zone. */
export function dayOf(instant: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(instant);
}

/** The minutes of an instant since midnight in a time zone. */
export function minutesOf(instant: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone, hour: "numeric", minute: "numeric", hourCycle: "h23" })
    .formatToParts(instant)
    .map((p) => Number(p.value));
  return (parts[0] ?? 0) * 60 + (parts[2] ?? 0);
}

/** The instant of a day and minutes since its midnight in a time zone. */
export function instantOf(day: string, minutes: number, timeZone: string): Date {
  const wanted = +at(day) + minutes * 60_000;
  const off = (instant: number) => {
    const there = new Date(instant);
    return +at(dayOf(there, timeZone)) + minutesOf(there, timeZone) * 60_000 - instant;
  };
  // Twice, since the offset may be another on the other side of a change of the clocks.
  const first = wanted - off(wanted);
  return new Date(wanted - off(first));
}
