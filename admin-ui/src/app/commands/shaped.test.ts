import { expect, test } from "vitest";
import type { Model } from "~/meta/model";
import { shapedAt } from "./shaped";

const model = {
  dashboards: [{ name: "home" }],
  objects: new Map([["deal", { name: "deal", views: [{ name: "open" }] }]]),
} as unknown as Model;

test.each([
  ["/", "", "/studio/pages/shape/dashboard/home"],
  ["/o/deal", "?view=open", "/studio/pages/deal/views/open"],
  ["/o/deal", "?view=saved", "/studio/objects/deal"],
  ["/o/deal/bin", "", "/studio/objects/deal"],
  ["/o/deal/7", "?tab=more", "/studio/pages/deal?record=7"],
  ["/o/secret", "", undefined],
  ["/inbox", "", undefined],
])("%s%s", (path, search, at) => expect(shapedAt(model, path, search)).toBe(at));
