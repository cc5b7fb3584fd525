import { expect, test } from "vitest";
import { untilOf } from "./snooze";

test.each([
  ["later_today", "2026-11-29T10:00:00Z", "2026-11-29T13:00:00.000Z"],
  ["later_today", "2026-11-29T14:00:00Z", undefined], // 22:00 there
  ["tomorrow", "2026-11-29T17:00:00Z", "2026-12-01T00:00:00.000Z"], // it is the 30th there already
  ["next_week", "2026-11-29T10:00:00Z", "2026-11-30T00:00:00.000Z"], // a Sunday
  ["next_week", "2026-11-30T10:00:00Z", "2026-12-07T00:00:00.000Z"], // a Monday
] as const)("%s, at %s, is %s in Shanghai", (until, now, at) =>
  expect(untilOf(until, new Date(now), "Asia/Shanghai")).toBe(at),
);
