import { expect, test } from "vitest";
import { modelOf } from "~/meta/model";
import { type Entry, splitLists, streamOf } from "./stream";

const model = modelOf(
  [
    {
      kind: "object",
      name: "visit",
      name_field: "title",
      fields: { title: { type: "text" }, of: { type: "any_lookup" }, starts: { type: "datetime" } },
    },
    {
      kind: "object",
      name: "part",
      name_field: "title",
      fields: { title: { type: "text" }, of: { type: "lookup", object: "visit" } },
    },
  ] as never,
  1,
  {
    objects: {
      visit: { fields: { title: "edit", of: "edit", starts: "edit" } },
      part: { fields: { title: "edit", of: "edit" } },
    },
  } as never,
  "en",
);

test("lists whose reference may lead anywhere are activities, whatever their object is called", () => {
  const { lists, activities } = splitLists(model, {
    kind: "layout",
    name: "l",
    object: "visit",
    related: {
      visits: { object: "visit", lookup: "of", columns: ["title"], sort: ["-starts"] },
      parts: { object: "part", lookup: "of" },
      hidden: { object: "nobody", lookup: "of" },
    },
  });
  expect(lists.map((one) => one.name)).toEqual(["parts"]);
  expect(activities.map((one) => [one.list.name, one.when])).toEqual([["visits", "starts"]]);
});

test("what is to come stands first, the nearest of it at the top, then what was, the latest at the top", () => {
  const at = (key: string, time: string | undefined) => ({ kind: "record", key, at: time }) as Entry;
  const change = { kind: "change", key: "change", at: "2026-03-02T00:00:00Z" } as Entry;
  const { ahead, past } = streamOf(
    [
      at("yesterday", "2026-03-09"),
      at("some time", undefined),
      at("today", "2026-03-10"),
      at("tomorrow", "2026-03-11T08:00:00Z"),
      change,
      at("an hour ago", "2026-03-10T11:00:00Z"),
    ],
    new Date("2026-03-10T12:00:00Z"),
  );
  expect(ahead.map((one) => one.key)).toEqual(["today", "tomorrow", "some time"]);
  expect(past.map((one) => one.key)).toEqual(["an hour ago", "yesterday", "change"]);
});
