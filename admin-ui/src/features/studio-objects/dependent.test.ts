import { expect, test } from "vitest";
import { offered, offers } from "./dependent";

test("a tick is said for that value alone", () => {
  const values = ["cn", "de", "us"];
  expect(offers({}, values, "de", false)).toEqual(["cn", "us"]);
  expect(offers({ for: ["cn"] }, values, "us", true)).toEqual(["cn", "us"]);
  expect(offers({ for: ["cn", "us"] }, values, "de", true)).toBeNull(); // it is for all again, and says nothing
  expect(offers({ for: ["us"] }, values, "us", false)).toEqual([]);
  expect([offered({}, "cn"), offered({ for: ["de"] }, "cn")]).toEqual([true, false]);
});
