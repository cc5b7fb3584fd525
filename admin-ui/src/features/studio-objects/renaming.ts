// What an object is called, wherever texts of the configuration call it so.
import type { Key, Patch } from "~/api/drafts";
import { languages } from "~/i18n";
import type { Label, ObjectDoc } from "~/meta/documents";
import type { Documents } from "~/studio/drafting";
import { patchAt, patched } from "~/studio/patching";

/** What one and several are called. */
export interface Called {
  one: string;
  several: string;
}

/** A text that changes. `language` is empty where it is one for all. */
export interface Place {
  key: Key;
  path: string[];
  language: string;
  before: string;
  after: string;
}

/** Members that people read, where they are one text for all languages. */
const read = new Set(["label", "label_plural", "help", "description", "message"]);

const isMap = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const spoken = (v: Record<string, unknown>): v is Record<string, string> =>
  Object.keys(v).length > 0 &&
  Object.entries(v).every(([name, text]) => /^[a-z]{2,3}(-[A-Za-z]+)?$/.test(name) && typeof text === "string") &&
  languages.some((one) => one in v);

/** What an object is called in a language. */
export function calledIn(object: Pick<ObjectDoc, "label" | "label_plural" | "name">, language: string): Called {
  const of = (label: Label) => (typeof label === "string" ? label : (label?.[language] ?? ""));
  const one = of(object.label);
  return { one, several: of(object.label_plural) || one };
}

/** All texts of documents that call an object by its old names, as the new ones would have them. */
export function renames(documents: Documents, object: ObjectDoc, to: Record<string, Called>): Place[] {
  const exchange = new Map<string, (text: string) => string>();
  for (const [language, called] of Object.entries(to)) {
    const former = calledIn(object, language);
    if (former.one && (former.one !== called.one || former.several !== called.several))
      exchange.set(language, exchanged(former, called));
  }
  const plain = (text: string) => [...exchange.values()].reduce((now, change) => change(now), text);
  const found: Place[] = [];
  for (const document of documents.values()) {
    const key = { kind: String(document.kind), name: String(document.name) };
    if (key.kind === "package") continue; // what comes along is called what its makers call it
    const own = key.kind === "object" && key.name === object.name;
    const look = (value: unknown, path: string[]) => {
      if (!isMap(value)) return;
      if (spoken(value)) {
        for (const [language, before] of Object.entries(value)) {
          const after = exchange.get(language)?.(before) ?? before;
          if (after !== before) found.push({ key, path: [...path, language], language, before, after });
        }
        return;
      }
      for (const [name, one] of Object.entries(value)) {
        if (own && path.length === 0 && (name === "label" || name === "label_plural")) continue; // they are given
        if (typeof one !== "string") look(one, [...path, name]);
        else if (read.has(name)) {
          const after = plain(one);
          if (after !== one) found.push({ key, path: [...path, name], language: "", before: one, after });
        }
      }
    };
    look(document, []);
  }
  return found;
}

/** The labels of the object itself, as a patch. */
export function relabelled(object: ObjectDoc, to: Record<string, Called>): Patch {
  const patch: Patch = {};
  for (const [member, of] of [
    ["label", "one"],
    ["label_plural", "several"],
  ] as const) {
    const texts = Object.fromEntries(
      Object.entries(to).flatMap(([language, called]) => (called[of] ? [[language, called[of]]] : [])),
    );
    const different = new Set(Object.values(texts)).size > 1 || isMap(object[member]);
    patch[member] = different ? texts : Object.values(texts)[0];
  }
  return patch;
}

/** The patches that change some places, one for each document. */
export function patchesOf(places: Place[], documents: Documents): { key: Key; patch: Patch }[] {
  const patches = new Map<string, { key: Key; patch: Patch }>();
  for (const { key, path, after } of places) {
    const name = `${key.kind}/${key.name}`;
    if (!documents.has(name)) continue;
    const before = patches.get(name)?.patch ?? {};
    patches.set(name, { key, patch: patched(before, patchAt(path, after)) as Patch });
  }
  return [...patches.values()];
}

const letters = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const isLatin = (text: string) => /^[\p{Script=Latin}\d '&/-]+$/u.test(text);

/**
 * Puts new names in place of old ones, as whole words in either case; an article before them goes with the new word.
 * Placeholders (`{{ … }}`) and tags (`<…>`) stay as they are.
 */
function exchanged(from: Called, to: Called): (text: string) => string {
  const [whole, ends] = isLatin(from.one) ? ["(?<![\\p{L}\\d_.])", "(?![\\p{L}\\d_])"] : ["", ""];
  // The longer first: "Opportunities" is none of "Opportunity" with something behind it.
  const words = [...new Set([from.several, from.one])].sort((a, b) => b.length - a.length);
  const article = isLatin(from.one) && isLatin(to.one) ? "(?:(an?)(\\s+))?" : "()()";
  const pattern = new RegExp(`${whole}${article}(${words.map(letters).join("|")})${ends}`, "giu");
  const word = (text: string) =>
    text.replace(pattern, (_, a: string | undefined, space: string | undefined, old: string) => {
      const several = old.toLowerCase() === from.several.toLowerCase() && from.several !== from.one;
      const next = cased(several ? to.several : to.one, old, several ? from.several : from.one);
      return `${a ? articleOf(a, next) + space : ""}${next}`;
    });
  return (text) =>
    text
      .split(/(\{\{.*?\}\}|<[^>]*>)/s)
      .map((part, i) => (i % 2 ? part : word(part)))
      .join("");
}

/** A word in small letters where the one that it replaces is. */
function cased(next: string, old: string, from: string): string {
  const first = old[0] ?? "";
  const lowered = first !== from[0] && first === first.toLowerCase();
  return lowered ? `${next[0]?.toLowerCase() ?? ""}${next.slice(1)}` : next;
}

/** “a” or “an”, as the letter behind it wants. */
function articleOf(old: string, next: string): string {
  const article = /^[aeiou]/i.test(next) ? "an" : "a";
  return old[0] === "A" ? article.replace("a", "A") : article;
}
