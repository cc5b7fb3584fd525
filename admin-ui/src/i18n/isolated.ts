/** Signs that set the direction of what follows them. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** A text that turns nothing around but itself, within a sentence. */
export const isolated = (text: string): string =>
  directions.test(text) ? `\u2068${text.replace(/[\u2066-\u2069]/g, "")}\u2069` : text;
