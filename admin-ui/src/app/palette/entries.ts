// What the palette offers for some words: which of what is there fits, the best first.

export interface Entry {
  key: string;
  label: string;
  /** What tells it from others of its label. */
  about?: string;
  /** Beside the label: of what object, in which app. */
  hint?: string;
  keywords?: string;
  keys?: string;
  icon?: string | React.ComponentType<{ size?: number }>;
  /** Where it leads; entries without an address do something. */
  to?: string;
  run?(): unknown;
  /** Why it can't be done now. */
  refused?: string;
}

export type Mode = "all" | "commands" | "objects" | "people";
const signs: Record<string, Mode> = { ">": "commands", "#": "objects", "@": "people" };

/** What is asked for: the first sign narrows it. */
export function read(text: string): { mode: Mode; words: string } {
  const mode = signs[text.trimStart()[0] ?? ""];
  return mode ? { mode, words: text.trimStart().slice(1).trim() } : { mode: "all", words: text.trim() };
}

/**
 * How well a text fits words, from 0 (not at all). Every word has to be in it; the beginning of the text is worth
 * more than that of a word, and that more than its middle.
 */
export function rank(words: string, label: string, keywords = ""): number {
  const text = label.toLowerCase();
  const more = keywords.toLowerCase();
  let sum = 0;
  for (const word of words.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word);
    if (at === 0) sum += 4;
    else if (at > 0 && !/[\p{L}\p{N}]/u.test(text[at - 1] as string)) sum += 3;
    else if (at > 0) sum += 2;
    else if (more.includes(word)) sum += 1;
    else return 0;
  }
  return sum + 1 / (1 + text.length);
}

/** Those that fit, the best first, at most so many. Without words they are as they come. */
export function best(entries: Entry[], words: string, most: number): Entry[] {
  if (!words) return entries.slice(0, most);
  return entries
    .map((entry) => ({ entry, value: rank(words, entry.label, entry.keywords) }))
    .filter((one) => one.value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, most)
    .map((one) => one.entry);
}
