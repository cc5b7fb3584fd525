// Mentions of people in a text: `@[Name](user:ID)` as it is stored, `@Name` as it is written and read.

export interface Person {
  id: string;
  name: string;
}

const mention = /@\[([^\]\n]*)\]\(user:([0-9a-z]+)\)/g;

/** A stored text in parts: words, and people that it mentions. */
export function partsOf(text: string): (string | Person)[] {
  const parts: (string | Person)[] = [];
  let from = 0;
  for (const found of text.matchAll(mention)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push({ name: found[1] as string, id: found[2] as string });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** A text as it is written, with those who are mentioned in it by name. */
export interface Written {
  text: string;
  people: Person[];
}

/** A stored text as it is written, and the people in it. */
export function written(text: string): Written {
  const parts = partsOf(text);
  return {
    text: parts.map((part) => (typeof part === "string" ? part : `@${part.name}`)).join(""),
    people: parts.filter((part) => typeof part !== "string"),
  };
}

/** What is stored of a text in which people were chosen. Of names that begin alike the longest is meant. */
export function stored(text: string, people: Person[]): string {
  const longest = people.filter(({ name }) => name).sort((a, b) => b.name.length - a.name.length);
  let left = text;
  let made = "";
  while (left) {
    const at = left.indexOf("@");
    if (at < 0) break;
    const rest = left.slice(at + 1);
    const who = longest.find(({ name }) => rest.startsWith(name));
    made += left.slice(0, at) + (who ? `@[${who.name.replace(/[[\]]/g, "")}](user:${who.id})` : "@");
    left = rest.slice(who?.name.length ?? 0);
  }
  return made + left;
}

/** The beginning of a name that is being written before the caret; undefined where none is. */
export const begun = (before: string): string | undefined => /(?:^|\s)@([^\s@][^@\n]{0,40}|)$/.exec(before)?.[1];
