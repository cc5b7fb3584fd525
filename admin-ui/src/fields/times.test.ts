import { expect, test } from "vitest";
import { instantOf, localOf, readDate, readDatetime, readTime } from "./times";

test.each([
  ["2026-3-1", "en", "2026-03-01"],
  ["3/31/2026", "en", "2026-03-31"],
  ["31.3.2026", "de", "2026-03-31"],
  ["31 March 2026", "en", "2026-03-31"],
  ["2026年3月31日", "zh", "2026-03-31"],
  ["2026-02-30", "en", undefined],
  ["soon", "en", undefined],
  ["", "en", null],
])("%s in %s is the day %s", (text, language, day) => expect(readDate(text, language)).toBe(day));

test.each([
  ["9:30", "09:30:00"],
  ["9:30 PM", "21:30:00"],
  ["12:00 am", "00:00:00"],
  ["下午3:15", "15:15:00"],
  ["25:00", undefined],
])("%s is the time %s", (text, time) => expect(readTime(text)).toBe(time));

test("an instant is read and written in the time zone of the person, across a change of the clocks", () => {
  for (const zone of ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "UTC", "Asia/Kolkata"])
    for (const instant of [
      "2026-03-29T00:30:00Z",
      "2026-03-29T03:30:00Z",
      "2026-10-25T12:00:00Z",
      "2026-07-01T23:59:00Z",
    ])
      expect(instantOf(localOf(instant, zone), zone)).toBe(instant);
  expect(localOf("2026-07-01T12:00:00Z", "Europe/Berlin")).toBe("2026-07-01T14:00");
  expect(readDatetime("Jul 1, 2026, 2:00 PM", "en", "Europe/Berlin")).toBe("2026-07-01T12:00:00Z");
});
