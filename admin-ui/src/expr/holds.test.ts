import { describe, expect, it } from "vitest";
import { holds } from "./holds";
import { parse } from "./parse";

const values = {
  rating: "hot",
  company: "Acme",
  employees: "120",
  amount: "10.50",
  agreed: true,
  none: null,
  many: ["a"],
};
const say = (source: string) => holds(parse(source), values);

describe("conditions in the browser", () => {
  it("hold as on the server for what is filled in", () => {
    for (const source of [
      "rating == 'hot'",
      'company != "Other"',
      "employees > 100",
      "amount == 10.5",
      "employees <= 120",
      "none == nil",
      "missing == nil",
      "rating in ['hot', 'warm']",
      "company not in ['Other']",
      "rating == 'cold' or agreed",
      "employees > 9 and agreed == true",
    ])
      expect(say(source), source).toBe(true);
    for (const source of [
      "rating == 'cold'",
      "employees > 1000",
      "none > 1",
      "employees < 13",
      "agreed and rating == 'x'",
    ])
      expect(say(source), source).toBe(false);
  });
  it("are left to the server where they need it", () => {
    for (const source of [
      "len(company) > 2",
      "account.name == 'x'",
      "today() > '2026-01-01'",
      "many == 'a'",
      "amount + 1 > 3",
    ])
      expect(say(source), source).toBeUndefined();
    expect(say("rating == 'cold' and len(company) > 2")).toBe(false);
    expect(say("rating == 'hot' or len(company) > 2")).toBe(true);
  });
});
