// Until when something is put off, by the clocks of a person's time zone.
import { addDays, dayOf, instantOf, weekday } from "~/meta/days";

const morning = 8 * 60; // minutes
const later = 3 * 60 * 60 * 1000;

export type Until = "later_today" | "tomorrow" | "next_week";

/** The morning of a day. */
export const morningOf = (day: string, timeZone: string) => instantOf(day, morning, timeZone).toISOString();

/** Three hours from now, tomorrow morning, or on Monday; undefined for what is no longer today. */
export function untilOf(until: Until, now: Date, timeZone: string): string | undefined {
  const today = dayOf(now, timeZone);
  if (until === "tomorrow") return morningOf(addDays(today, 1), timeZone);
  if (until === "next_week") return morningOf(addDays(today, 7 - weekday(today)), timeZone);
  const at = new Date(now.getTime() + later);
  return dayOf(at, timeZone) === today ? at.toISOString() : undefined;
}
