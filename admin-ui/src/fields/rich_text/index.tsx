import { createElement, type ReactNode } from "react";
import { fieldType } from "../field";
import { later } from "../later";
import { fromPlain, type Part, plain, read } from "./markup";

/** Draws formatted text element by element; no text is ever taken for markup. */
const drawn = (parts: Part[]): ReactNode[] =>
  parts.map((part, i) => {
    if (typeof part === "string") return part;
    const attributes = part.href
      ? { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow" }
      : { colSpan: part.span?.colspan, rowSpan: part.span?.rowspan };
    const inside = part.children.length > 0 ? drawn(part.children) : undefined;
    return createElement(part.tag, { key: i, ...attributes }, inside);
  });

export default fieldType<string>({
  type: "rich_text",
  width: 280,
  cell: (value) => <div className="rich">{drawn(read(value))}</div>,
  text: (value) => plain(read(value)),
  parse: (text) => fromPlain(text) || null,
  follows: true,
  sample: () => "<p>Two &lt;lines&gt;,</p><p>and a half.</p>",
  Input: later(() => import("./Editor")),
});
