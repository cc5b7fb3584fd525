// How values are written for a person: made once for a language and a time zone, never per cell.
import { dayOf } from "~/meta/days";

export interface Formats {
  /** Of texts. */
  language: string;
  /** Of the person, in which instants are written and read. */
  timeZone: string;
  /** Of numbers and dates. */
  locale: string;
  number(value: number, scale: number): string;
  currency(value: number, scale: number, currency?: string): string;
  percent(value: number, scale: number): string;
  date(value: string): string;
  datetime(value: string): string;
  /** An instant as short as it can be told apart: the time of today, the day of this year, or the date. */
  moment(value: string): string;
  time(value: string): string;
  duration(seconds: number): string;
  yes: string;
  no: string;
  /** A record that a reference leads to and that may not be seen. */
  hidden: string;
}

/** What a person chose; what is absent is as the language has it. */
export interface Chosen {
  locale?: string;
  dates?: "numeric" | "iso";
  clock?: "12" | "24";
}

export function formatsOf(
  language: string,
  timeZone: string,
  say: (key: string) => string,
  chosen: Chosen = {},
): Formats {
  const locale = chosen.locale ?? language;
  const clock = chosen.clock && { hourCycle: chosen.clock === "12" ? ("h12" as const) : ("h23" as const) };
  const numbers = new Map<string, Intl.NumberFormat>();
  const number = (key: string, options: Intl.NumberFormatOptions) => {
    const made = numbers.get(key) ?? new Intl.NumberFormat(locale, options);
    numbers.set(key, made);
    return made;
  };
  const digits = (scale: number) => ({ minimumFractionDigits: scale, maximumFractionDigits: scale });
  // A date is a day wherever it is read, so it is written in UTC.
  const day = chosen.dates
    ? ({ year: "numeric", month: "2-digit", day: "2-digit" } as const)
    : ({ year: "numeric", month: "short", day: "numeric" } as const);
  // The Swedish write dates as ISO has them.
  const days = chosen.dates === "iso" ? "sv-SE" : locale;
  const dates = new Intl.DateTimeFormat(days, { ...day, timeZone: "UTC" });
  const hour = { hour: chosen.clock === "24" ? "2-digit" : "numeric", minute: "2-digit", ...clock } as const;
  const instants = new Intl.DateTimeFormat(days, { ...day, ...hour, timeZone });
  const today = new Intl.DateTimeFormat(locale, { ...hour, timeZone });
  const thisYear = new Intl.DateTimeFormat(days, { ...day, year: undefined, timeZone });
  const others = new Intl.DateTimeFormat(days, { ...day, timeZone });
  const times = new Intl.DateTimeFormat(locale, { ...hour, timeZone: "UTC" });
  return {
    language,
    timeZone,
    locale,
    number: (v, scale) => number(`n${scale}`, digits(scale)).format(v),
    currency: (v, scale, currency) =>
      number(
        `c${scale}${currency ?? ""}`,
        currency ? { style: "currency", currency, ...digits(scale) } : digits(scale),
      ).format(v),
    percent: (v, scale) => `${number(`n${scale}`, digits(scale)).format(v)} %`,
    date: (v) => written(dates, `${v}T00:00:00Z`, v),
    datetime: (v) => written(instants, v, v),
    moment: (v) => {
      const [there, now] = [dayOf(new Date(v), timeZone), dayOf(new Date(), timeZone)];
      const as = there === now ? today : there.slice(0, 4) === now.slice(0, 4) && !chosen.dates ? thisYear : others;
      return as.format(new Date(v));
    },
    time: (v) => (chosen.clock ? written(times, `1970-01-01T${v.slice(0, 5)}Z`, v) : v.slice(0, 5)),
    duration: (s) => {
      const two = (n: number) => String(n).padStart(2, "0");
      return `${s < 0 ? "-" : ""}${Math.floor(Math.abs(s) / 3600)}:${two(Math.floor((Math.abs(s) % 3600) / 60))}${s % 60 ? `:${two(Math.abs(s) % 60)}` : ""}`;
    },
    yes: say("record.yes"),
    no: say("record.no"),
    hidden: say("record.hidden"),
  };
}

/** What is no time stays as it is: an address may say anything. */
function written(format: Intl.DateTimeFormat, time: string, otherwise: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? otherwise : format.format(at);
}

/** How many places the signs of Chinese stand for that follow a number. */
const places: Record<string, number> = { 万: 4, 萬: 4, 亿: 8, 億: 8 };

/** Reads a number as people write it in a language; undefined for what is none. Empty is null. */
export function readNumber(text: string, language: string): number | null | undefined {
  const parts = new Intl.NumberFormat(language).formatToParts(1234567.5);
  const group = parts.find((p) => p.type === "group")?.value ?? ",";
  const decimal = parts.find((p) => p.type === "decimal")?.value ?? ".";
  const plain = text
    .trim()
    .replace(/[\s\u00a0\u202f%$€£¥]/g, "")
    .replaceAll(group, "")
    .replace(decimal, ".");
  if (plain === "") return null;
  const [, digits, sign] = /^([-+]?(?:\d+\.?\d*|\.\d+))([万萬亿億]?)$/.exec(plain) ?? [];
  return digits === undefined ? undefined : Number(`${digits}e${places[sign ?? ""] ?? 0}`);
}

/** Reads `1:30`, `1:30:15`, `90m`, `1h 30m` or `2h` as seconds; undefined for what is none. Empty is null. */
export function readDuration(text: string): number | null | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === "") return null;
  const clock = /^(-?)(\d+):([0-5]?\d)(?::([0-5]?\d))?$/.exec(plain);
  if (clock) return (clock[1] ? -1 : 1) * (Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4] ?? 0));
  const units = /^(?:(\d+)\s*h)?\s*(?:(\d+)\s*m)?\s*(?:(\d+)\s*s)?$/.exec(plain);
  if (units && (units[1] || units[2] || units[3]))
    return Number(units[1] ?? 0) * 3600 + Number(units[2] ?? 0) * 60 + Number(units[3] ?? 0);
  return undefined;
}
