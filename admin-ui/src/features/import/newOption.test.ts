import { expect, test } from "vitest";
import { optionName } from "./newOption";

test("an option that is made of a value has a name of its own", () => {
  expect(optionName("Café & Bar", [])).toBe("cafe_bar");
  expect(optionName("Café-Bar", ["cafe_bar"])).toBe("cafe_bar_2");
  expect(optionName("2nd hand", [])).toBe("nd_hand");
  expect(optionName("线上", [])).toBe("option_1");
  expect(optionName("线下", ["option_1"])).toBe("option_2");
  expect(optionName("x".repeat(90), [])).toMatch(/^x{1,63}$/);
});
