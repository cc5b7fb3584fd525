import { expect, test } from "vitest";
import { neighboursIn } from "./neighbours";

const page = (at: number, ids: string[], asked: unknown = {}, page?: number) =>
  ({
    queryKey: ["tenant", "thing", "list", asked, page, null],
    state: { dataUpdatedAt: at, data: { items: ids.map((id) => ({ id })) } },
  }) as never;

test("the neighbours are those of the list that was looked at last, over its pages", () => {
  const pages = [
    page(1, ["a", "b", "c"], { q: "1" }, 0),
    page(2, ["b", "a"], { q: "2" }, 1),
    page(1, ["d", "c"], { q: "2" }, 0),
    page(3, ["x"], { q: "3" }, 0),
    page(4, ["b", "z"], "related"),
  ];
  expect(neighboursIn(pages, "b")).toEqual({ previous: "c", next: "a", place: 3, of: 4 });
  expect(neighboursIn(pages, "d")).toEqual({ previous: undefined, next: "c", place: 1, of: 4 });
  expect(neighboursIn(pages, "nobody")).toBeUndefined();
});
