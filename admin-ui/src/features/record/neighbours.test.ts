import { expect, test } from "vitest";
import { neighboursIn } from "./neighbours";

const list = (at: number, ids: string[], key = "query") =>
  ({
    queryKey: ["tenant", "thing", "list", key],
    state: { dataUpdatedAt: at, data: { pages: [{ items: ids.map((id) => ({ id })) }] } },
  }) as never;

test("the neighbours are those of the list that was looked at last", () => {
  const lists = [list(1, ["a", "b", "c"]), list(2, ["c", "b"]), list(3, ["x"]), list(4, ["b", "z"], "related")];
  expect(neighboursIn(lists, "b")).toEqual({ previous: "c", next: undefined, place: 2, of: 2 });
  expect(neighboursIn(lists, "a")).toEqual({ previous: undefined, next: "b", place: 1, of: 3 });
  expect(neighboursIn(lists, "nobody")).toBeUndefined();
});
