import { expect, test } from "vitest";
import { answering, envelopeOf, keepsMarkup, languageOf } from "./mail";

test("of a state only what one does not expect is told", () => {
  expect(
    envelopeOf({ from_address: "a@x.org", to_addresses: "b@x.org", direction: "incoming", state: "received" }),
  ).toEqual({
    from: "a@x.org",
    to: "b@x.org",
    incoming: true,
    state: undefined,
    problem: undefined,
  });
  expect(envelopeOf({ state: "bounced", problem: "550" })).toMatchObject({
    state: "bounced",
    problem: "550",
    from: "",
  });
  expect(envelopeOf({ state: "sent" }).state).toBeUndefined();
});

test("an answer says once that it is one", () => {
  expect(answering("Offer")).toBe("Re: Offer");
  expect(answering("RE: Offer")).toBe("RE: Offer");
  expect(answering("回复：报价")).toBe("回复：报价");
  expect(answering("Reorder")).toBe("Re: Reorder");
});

test("markup goes along with the text that it belongs to", () => {
  expect(keepsMarkup({ subject: "s", text: "Hello", marked: "Hello\n" })).toBe(true);
  expect(keepsMarkup({ subject: "s", text: "Hello!", marked: "Hello\n" })).toBe(false);
  expect(keepsMarkup({ subject: "s", text: "Hello" })).toBe(false);
});

test("a template is in the reader's language where it has that", () => {
  expect(languageOf(["en", "zh"], "zh")).toBe("zh");
  expect(languageOf(["en", "zh-TW"], "zh")).toBe("zh-TW");
  expect(languageOf(["de"], "zh")).toBe("de");
  expect(languageOf([], "zh")).toBeUndefined();
});
