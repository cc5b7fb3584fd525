import { expect, test, vi } from "vitest";
import { formatsOf, readDuration, readNumber } from "./formats";

const formats = (language: string) => formatsOf(language, "Asia/Shanghai", (key) => key);

test.each([
  ["1,250.50", "en", 1250.5],
  ["1.250,50", "de", 1250.5],
  [" $1,200 ", "en", 1200],
  ["12.5 %", "zh", 12.5],
  ["-.5", "en", -0.5],
  ["", "en", null],
  ["1,2x", "en", undefined],
  ["1e3", "en", undefined],
  ["4.5万", "zh", 45_000],
  ["0.07 万", "zh", 700],
  ["1亿", "zh", 100_000_000],
  ["万", "zh", undefined],
  ["1万2", "zh", undefined],
])("%s in %s is read as %s", (text, language, value) => expect(readNumber(text, language)).toBe(value));

test("a number that is written is read again", () => {
  for (const language of ["en", "zh", "de", "fr"])
    for (const value of [0, -1, 1234567.25, 0.5])
      expect(readNumber(formats(language).number(value, 2), language)).toBe(value);
});

test.each([
  ["1:30", 5400],
  ["0:00:05", 5],
  ["1h 30m", 5400],
  ["90m", 5400],
  ["", null],
  ["soon", undefined],
])("%s is a duration of %s", (text, value) => expect(readDuration(text)).toBe(value));

test("a duration that is written is read again", () => {
  for (const value of [0, 5, 5400, 360000, 3661]) expect(readDuration(formats("en").duration(value))).toBe(value);
});

test("a date is the same day in every time zone, an instant is that of the person", () => {
  expect(formats("en").date("2026-03-31")).toBe("Mar 31, 2026");
  expect(formats("zh").date("2026-03-31")).toBe("2026年3月31日");
  expect(formats("en").datetime("2026-03-31T20:00:00Z")).toMatch(/^Apr 1, 2026, 4:00/);
});

test("numbers, dates and times are written as a person chose, whatever the language", () => {
  const at = "2026-03-05T21:04:00Z";
  const written = (chosen: Parameters<typeof formatsOf>[3]) => {
    const f = formatsOf("en", "UTC", (key) => key, chosen);
    return [f.number(1234.5, 2), f.date("2026-03-05"), f.datetime(at), f.time("21:04:00")].map((text) =>
      text.replaceAll("\u202f", " "),
    );
  };
  expect(written({})).toEqual(["1,234.50", "Mar 5, 2026", "Mar 5, 2026, 9:04 PM", "21:04"]);
  expect(written({ locale: "de-DE", dates: "numeric" })).toEqual([
    "1.234,50",
    "05.03.2026",
    "05.03.2026, 21:04",
    "21:04",
  ]);
  expect(written({ dates: "iso", clock: "24" })).toEqual(["1,234.50", "2026-03-05", "2026-03-05 21:04", "21:04"]);
  expect(written({ clock: "12" })[3]).toBe("9:04 PM");
  expect(readNumber("1.234,50", formatsOf("en", "UTC", (key) => key, { locale: "de-DE" }).locale)).toBe(1234.5);
});

test("an instant is as short as it can be told apart", () => {
  vi.useFakeTimers({ now: new Date("2026-03-31T21:30:00Z") });
  const { moment } = formatsOf("en", "Asia/Shanghai", (key) => key); // where it is April already
  expect(moment("2026-03-31T17:05:00Z").replace("\u202f", " ")).toBe("1:05 AM");
  expect(moment("2026-03-31T12:00:00Z")).toBe("Mar 31");
  expect(moment("2025-12-31T15:00:00Z")).toBe("Dec 31, 2025");
  vi.useRealTimers();
});
