// Formatted text as a small tree of what is harmless. The server keeps nothing else either; here nothing
// that a text says ever becomes markup of the page: what is not known is text or left out.

export interface Element {
  tag: string;
  href?: string;
  span?: { colspan?: number; rowspan?: number };
  children: Part[];
}
export type Part = string | Element;

const blocks = [
  "p",
  "div",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "pre",
  "ul",
  "ol",
  "li",
  "dl",
  "dt",
  "dd",
];
const tables = ["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"];
const marks = "a b strong i em u s del ins sub sup mark small code span".split(" ");
const empty = ["br", "hr"];
/** What is kept, as metadata/fieldtype/rich_text.go has it. */
export const kept = new Set([...blocks, ...tables, ...marks, ...empty]);
const lines = new Set([...blocks, "tr", "br", "hr", "table", "caption"]);
/** What is in these is no text. */
const silent = new Set(["script", "style", "template", "title", "noscript", "iframe", "object", "svg", "math", "head"]);

const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const decoded = (text: string) =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,6}));/gi, (all, ten, sixteen, name) => {
    if (name) return named[String(name).toLowerCase()] ?? all;
    const code = ten ? Number(ten) : Number.parseInt(sixteen, 16);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : "";
  });
const encoded = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string);

/** Addresses that a formatted text may lead to. */
export const harmless = (address: string): boolean => /^(https?:\/\/|mailto:|tel:)/i.test(address);

const token = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>|[^<]+|</gi;
const deepest = 100;

/** Reads HTML. Tags that are not kept are left out and what is in them stays; what is no tag is text. */
export function read(html: string): Part[] {
  const root: Element = { tag: "", children: [] };
  const open: Element[] = [root];
  let hushed: string | undefined;
  for (const [all, slash, name, rest] of html.matchAll(token)) {
    const top = open.at(-1) as Element;
    const tag = name?.toLowerCase();
    if (hushed) {
      if (slash && tag === hushed) hushed = undefined;
    } else if (tag === undefined) {
      if (!all.startsWith("<!--")) top.children.push(decoded(all));
    } else if (slash) {
      const at = open.findLastIndex((one) => one.tag === tag);
      if (at > 0) open.length = at;
    } else if (silent.has(tag)) {
      if (!rest?.trim().endsWith("/")) hushed = tag;
    } else if (kept.has(tag)) {
      const made: Element = { tag, children: [] };
      const attribute = (wanted: string) => {
        const found = new RegExp(`\\s${wanted}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(rest ?? "");
        return found ? decoded(found[1] ?? found[2] ?? found[3] ?? "") : undefined;
      };
      const href = tag === "a" ? attribute("href")?.trim() : undefined;
      if (href && harmless(href)) made.href = href;
      if (tag === "td" || tag === "th") {
        const span = {
          colspan: Number(attribute("colspan")) || undefined,
          rowspan: Number(attribute("rowspan")) || undefined,
        };
        if (span.colspan || span.rowspan) made.span = span;
      }
      top.children.push(made);
      if (!empty.includes(tag) && open.length < deepest) open.push(made);
    }
  }
  return root.children;
}

/** Writes what was read as HTML. */
export const write = (parts: Part[]): string =>
  parts
    .map((part) => {
      if (typeof part === "string") return encoded(part);
      const span = [
        part.span?.colspan && ` colspan="${part.span.colspan}"`,
        part.span?.rowspan && ` rowspan="${part.span.rowspan}"`,
      ];
      const attributes = (part.href ? ` href="${encoded(part.href)}"` : "") + span.filter(Boolean).join("");
      return empty.includes(part.tag)
        ? `<${part.tag}>`
        : `<${part.tag}${attributes}>${write(part.children)}</${part.tag}>`;
    })
    .join("");

/** The words without their marks; blocks are lines of their own. */
export function plain(parts: Part[]): string {
  const walk = (of: Part[]): string =>
    of
      .map((part) => {
        if (typeof part === "string") return part;
        const inside = walk(part.children);
        return lines.has(part.tag) ? `\n${inside}\n` : part.tag === "td" || part.tag === "th" ? `${inside}\t` : inside;
      })
      .join("");
  return walk(parts)
    .replace(/[ \t]*\n\s*/g, "\n")
    .trim();
}

/** Text as formatted text: a paragraph a line. */
export const fromPlain = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => `<p>${encoded(line)}</p>`)
    .join("");
