import { afterEach, expect, test, vi } from "vitest";
import type { Me } from "~/api/session";
import { zoneOf } from "./session";

afterEach(() => vi.restoreAllMocks());

test("times are those of the person's zone, or else of their browser's", () => {
  vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions").mockReturnValue({ timeZone: "Asia/Kolkata" } as never);
  const of = (timezone?: string) => zoneOf({ user: { timezone } } as Me);
  expect(of("Europe/Berlin")).toBe("Europe/Berlin");
  expect(of("")).toBe("Asia/Kolkata");
  expect(of()).toBe("Asia/Kolkata");
});
