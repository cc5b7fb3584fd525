import { expect, test } from "vitest";
import type { SavedView } from "~/api/views";
import type { ViewDoc } from "~/meta/documents";
import { stateOf, viewOf } from "../state";
import { listedViews } from "./useViews";

const doc = (name: string, more: Partial<ViewDoc> = {}): ViewDoc => ({
  kind: "view",
  name,
  object: "boat",
  columns: ["name"],
  ...more,
});
const saved = (id: string, shared: "me" | "everyone"): SavedView => ({
  id,
  shared,
  owner: "u",
  version: 1,
  label: id,
  object: "boat",
  columns: [id],
  show: "table",
});

test("a view of somebody's own stands in the place of another, and by itself once that is gone", () => {
  const all = [saved("mine", "me"), saved("ours", "everyone"), saved("other", "me")];
  const shown = (instead: Record<string, string>) =>
    listedViews([doc("fleet")], all, instead).map((view) => `${view.name} ${view.columns}`);
  expect(shown({})).toEqual(["fleet name", "ours ours", "mine mine", "other other"]);
  expect(shown({ fleet: "mine", ours: "other" })).toEqual(["fleet mine", "ours other"]);
  expect(shown({ gone: "mine", fleet: "removed" })).toEqual(["fleet name", "ours ours", "mine mine", "other other"]);
});

test("a view says what is shown of it, and a board keeps its columns", () => {
  const board = doc("board", { show: "kanban", group: "stage", filter: "x" });
  const of = (search: string) => viewOf(board, stateOf([board], new URLSearchParams(search)));
  expect(of("filter=y&sort=name")).toEqual({ ...board, filter: "y", sort: ["name"] });
  const [table, summed] = [doc("fleet", { sum: ["length"] }), new URLSearchParams("sum=1")];
  expect(viewOf(table, stateOf([table], summed), ["length", "price"]).sum).toEqual(["length", "price"]);
  expect(viewOf(table, stateOf([table], new URLSearchParams()), ["price"]).sum).toEqual(["length"]);
  expect(of("filter=&as=table")).toMatchObject({ filter: undefined, group: undefined, show: "table" });
});
