import { expect, test } from "vitest";
import {
  add,
  addMonths,
  dayFrom,
  dayOf,
  dayOfPeriod,
  daysBetween,
  instantOf,
  minutesOf,
  startOf,
  weekday,
} from "./days";

test("days, weeks and months are gone through", () => {
  expect(add("2026-02-28", 1, "day")).toBe("2026-03-01");
  expect(add("2026-12-28", 1, "week")).toBe("2027-01-04");
  expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
  expect(addMonths("2026-03-31", -13)).toBe("2025-02-28");
  expect(daysBetween("2026-03-28", "2026-03-30")).toBe(2); // over a change of the clocks
  expect(weekday("2026-11-29")).toBe(6);
});

test("parts of the calendar begin where the server says that they do", () => {
  expect(startOf("2026-11-29", "week")).toBe("2026-11-23");
  expect(startOf("2026-11-29", "quarter")).toBe("2026-10-01");
  const keys = ["2026-11-29", "2026-W01", "2026-W53", "2026-03", "2026-Q4", "2026"];
  expect(keys.map(dayOfPeriod)).toEqual([
    "2026-11-29",
    "2025-12-29",
    "2026-12-28",
    "2026-03-01",
    "2026-10-01",
    "2026-01-01",
  ]);
});

test("an instant is found by the clock of a time zone, also where clocks change", () => {
  for (const zone of ["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin"])
    for (const day of ["2026-03-08", "2026-03-29", "2026-07-01", "2026-10-25", "2026-11-01"]) {
      const instant = instantOf(day, 9 * 60 + 30, zone);
      expect([zone, dayOf(instant, zone), minutesOf(instant, zone)]).toEqual([zone, day, 570]);
    }
  expect(instantOf("2026-07-01", 0, "Asia/Shanghai").toISOString()).toBe("2026-06-30T16:00:00.000Z");
});

test("a day is counted from another", () => {
  const from = (text: string) => dayFrom("2026-01-31", text);
  expect(["+30d", "+3", "-1W", "+1m", "+ 1q", "-1y", "+2周", "+30天"].map(from)).toEqual([
    "2026-03-02",
    "2026-02-03",
    "2026-01-24",
    "2026-02-28",
    "2026-04-30",
    "2025-01-31",
    "2026-02-14",
    "2026-03-02",
  ]);
  expect(["30d", "+", "+d", "+1h", "+12345", "+1.5d"].map(from)).toEqual(Array(6).fill(undefined));
});
