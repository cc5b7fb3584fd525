// Dates and times as people write them. Times are those of a person's time zone, whatever the browser's is.

const months = (language: string) =>
  ["long", "short"].flatMap((month) => {
    const format = new Intl.DateTimeFormat(language, { month: month as "long", timeZone: "UTC" });
    return Array.from({ length: 12 }, (_, at) => [format.format(Date.UTC(2026, at, 1)).toLowerCase(), at + 1] as const);
  });

/** The parts of a date in the order in which a language writes them in digits. */
const order = (language: string) =>
  new Intl.DateTimeFormat(language)
    .formatToParts(Date.UTC(2026, 10, 22))
    .map((part) => part.type)
    .filter((type) => type === "year" || type === "month" || type === "day");

const two = (n: number) => String(n).padStart(2, "0");

function day(year: number, month: number, date: number): string | undefined {
  const at = new Date(Date.UTC(year, month - 1, date));
  const is = year > 999 && at.getUTCMonth() === month - 1 && at.getUTCDate() === date;
  return is ? `${year}-${two(month)}-${two(date)}` : undefined;
}

/** Reads a date as it is written in a language, or as 2026-03-31; undefined for what is none. Empty is null. */
export function readDate(text: string, language: string): string | null | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === "") return null;
  const iso = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$/.exec(plain);
  if (iso) return day(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const digits = (plain.match(/\d+/g) ?? []).map(Number);
  const named = months(language).find(([name]) => /\p{L}/u.test(name) && plain.includes(name));
  if (named && digits.length === 2) {
    const year = digits.find((n) => n > 31);
    const date = digits.find((n) => n <= 31);
    return year && date ? day(year, named[1], date) : undefined;
  }
  if (digits.length !== 3 || !/^[\d\s./-]+$/.test(plain)) return undefined;
  const at = Object.fromEntries(order(language).map((part, i) => [part, digits[i] as number]));
  return day(at.year as number, at.month as number, at.day as number);
}

/** Reads a time of day, such as 9:30, 09:30:15 or 9:30 PM, as the server writes it. */
export function readTime(text: string): string | null | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === "") return null;
  const found = /^(上午|下午)?\s*(\d{1,2}):(\d\d)(?::(\d\d))?\s*([ap])?\.?m?\.?$/.exec(plain);
  if (!found) return undefined;
  let hour = Number(found[2]);
  const half = found[5] ?? (found[1] === "下午" ? "p" : found[1] && "a");
  if (half && (hour < 1 || hour > 12)) return undefined;
  if (half) hour = (hour % 12) + (half === "p" ? 12 : 0);
  const [minute, second] = [Number(found[3]), Number(found[4] ?? 0)];
  return hour < 24 && minute < 60 && second < 60 ? `${two(hour)}:${two(minute)}:${two(second)}` : undefined;
}

/** Reads an instant as it is written in a language and a time zone, or in ISO 8601. */
export function readDatetime(text: string, language: string, timeZone: string): string | null | undefined {
  const plain = text.trim().replaceAll("\u202f", " ");
  if (plain === "") return null;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(plain)) return written(new Date(plain));
  const found = /^(.*?),?[\sT]+((?:上午|下午)?\s*\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?)$/i.exec(plain);
  const date = readDate(found?.[1] ?? "", language);
  const time = readTime(found?.[2] ?? "");
  return date && time ? instantOf(`${date}T${time}`, timeZone) : undefined;
}

/** An instant as the server writes it: without fractions where there are none. */
const written = (at: Date) => (Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(".000Z", "Z"));

/** How far the clocks of a time zone are ahead of UTC at an instant, in milliseconds. */
function ahead(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const there = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return there - Math.floor(at / 1000) * 1000;
}

/** The instant at which the clocks of a time zone show `2026-03-31T20:05`; undefined for what is no time. */
export function instantOf(local: string, timeZone: string): string | undefined {
  const there = Date.parse(`${local}${/T\d\d:\d\d$/.test(local) ? ":00" : ""}Z`);
  if (Number.isNaN(there)) return undefined;
  const near = there - ahead(there, timeZone);
  return written(new Date(there - ahead(near, timeZone)));
}

/** An instant as the clocks of a time zone show it, in the form of the browser's inputs. */
export function localOf(instant: string, timeZone: string): string {
  const at = Date.parse(instant);
  return Number.isNaN(at) ? "" : new Date(at + ahead(at, timeZone)).toISOString().slice(0, 16);
}
