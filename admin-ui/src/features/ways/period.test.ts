import { expect, test } from "vitest";
import type { Stored } from "~/api/client";
import type { Column, Field, ObjectModel } from "~/meta/model";
import { entryOf, givenOn, inSight, lanesOf, movedTo, periodOf } from "./period";

const date = (name: string) => ({ name, shows: "date" }) as Field;
const instant = (name: string) => ({ name, shows: "datetime" }) as Field;
const meeting = { start: instant("start"), end: instant("end") };
const row = (values: object) => ({ id: "1", version: 1, ...values }) as unknown as Stored;

test("a view names when, else its first columns of dates do", () => {
  const fields = [date("due"), instant("at"), date("done")];
  const object = { fields: new Map(fields.map((f) => [f.name, f])) } as unknown as ObjectModel;
  const columns = fields.map((field) => ({ path: field.name, field })) as Column[];
  const named = (start?: string, end?: string) => {
    const found = periodOf(object, { start, end } as never, columns);
    return found && [found.start.name, found.end?.name];
  };
  expect(named("done", "due")).toEqual(["done", "due"]);
  expect(named("due")).toEqual(["due", undefined]);
  expect(named()).toEqual(["due", undefined]); // the next one is an instant
  expect(periodOf(object, undefined, [])).toBeUndefined();
});

test("only what is in sight is asked for, also what began before", () => {
  expect(inSight({ start: date("due") }, "2026-03-01", "2026-04-01")).toBe(
    "due >= date(2026, 3, 1) and due < date(2026, 4, 1)",
  );
  expect(inSight(meeting, "2026-03-01", "2026-03-02")).toBe(
    "date(start) < date(2026, 3, 2) and (date(start) >= date(2026, 3, 1) or date(end) >= date(2026, 3, 1))",
  );
});

test("an instant is on the reader's day", () => {
  const late = row({ start: "2026-03-01T23:30:00Z", end: "2026-03-02T00:30:00Z" });
  expect(entryOf(late, meeting, "UTC")).toMatchObject({ from: "2026-03-01", to: "2026-03-02" });
  expect(entryOf(late, meeting, "Asia/Shanghai")).toMatchObject({
    from: "2026-03-02",
    to: "2026-03-02",
    minutes: { from: 450, to: 510 },
  });
  const whole = row({ start: "2026-03-01T00:00:00Z", end: "2026-03-03T00:00:00Z" });
  expect(entryOf(whole, meeting, "UTC")).toEqual({
    row: whole,
    at: "2026-03-01T00:00:00Z",
    from: "2026-03-01",
    to: "2026-03-02",
  });
  expect(entryOf(row({ start: null, end: null }), meeting, "UTC")).toBeUndefined();
});

test("what is moved stays as long, by the clock on the wall", () => {
  const at = row({ start: "2026-03-28T09:00:00+01:00", end: "2026-03-28T10:15:00+01:00" });
  const entry = entryOf(at, meeting, "Europe/Berlin");
  // The clocks change on the 29th.
  expect(entry && movedTo(entry, meeting, "Europe/Berlin", "2026-03-30")).toEqual({
    start: "2026-03-30T07:00:00.000Z",
    end: "2026-03-30T08:15:00.000Z",
  });
  const trip = row({ from: "2026-02-27", to: "2026-03-02" });
  const days = { start: date("from"), end: date("to") };
  const there = entryOf(trip, days, "UTC");
  expect(there && movedTo(there, days, "UTC", "2026-03-10")).toEqual({ from: "2026-03-10", to: "2026-03-13" });
});

test("entries at one time stand beside one another, and no wider than they must", () => {
  const lanes = lanesOf([
    { from: 0, to: 60 },
    { from: 30, to: 90 },
    { from: 60, to: 120 },
    { from: 200, to: 210 },
  ]);
  expect(lanes).toEqual([
    { lane: 0, lanes: 2 },
    { lane: 1, lanes: 2 },
    { lane: 0, lanes: 2 },
    { lane: 0, lanes: 1 },
  ]);
});

test("a new record is given the day on which it is made", () => {
  const editable = { start: { ...meeting.start, editable: true }, end: { ...meeting.end, editable: true } } as never;
  expect(givenOn(editable, "Asia/Shanghai", "2026-03-01")).toBe(
    "start=2026-03-01T01:00:00.000Z;end=2026-03-01T01:30:00.000Z",
  );
  expect(givenOn({ start: date("due") }, "UTC", "2026-03-01")).toBe("due=2026-03-01");
});
