import { expect, test } from "vitest";
import { followable } from "./href";

test.each([
  ["https://example.com", true],
  ["HTTP://example.com", true],
  ["mailto:a@example.com", true],
  ["tel:+49301234", true],
  ["/o/account", true],
  ["javascript:alert(1)", false],
  [" javascript:alert(1)", false],
  ["data:text/html,x", false],
  ["//evil.example", false],
  ["/\\evil.example", false],
  ["", false],
])("%s may be followed: %s", (address, may) => expect(followable(address)).toBe(may));
