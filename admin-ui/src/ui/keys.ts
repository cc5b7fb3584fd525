// Keys as texts. A stroke is `k`, `shift+k`, `?`, `mod+k`, `mod+shift+p`, `arrowdown`; strokes with a
// space between them are pressed one after another: `g h`. `mod` is ⌘ on a Mac, Ctrl elsewhere.

/** What is read of a KeyboardEvent. */
export interface Pressed {
  key: string;
  metaKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

export const isMac = () => /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? "");

/** The stroke of an event; undefined for a modifier by itself and for what types a character by Alt. */
export function strokeOf(event: Pressed, mac = isMac()): string | undefined {
  if (["Shift", "Control", "Alt", "Meta", "Dead", "Process", "Unidentified"].includes(event.key)) return undefined;
  const mod = mac ? event.metaKey : event.ctrlKey;
  if (event.altKey || (mac ? event.ctrlKey : event.metaKey)) return undefined;
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  // Shift is part of a character that is no letter: `?` is `?` on every keyboard.
  const shift = event.shiftKey && (key.length > 1 || key !== key.toUpperCase());
  return `${mod ? "mod+" : ""}${shift ? "shift+" : ""}${key}`;
}

/** Whether a stroke is one character without a modifier, such as people also type into texts. */
export const isLetter = (stroke: string) => [...stroke].length === 1;

const signs: Record<string, string> = {
  escape: "Esc",
  enter: "Enter",
  space: "Space",
  delete: "Del",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
};

/** The keys of a command as people read them, a text a stroke: `mod+k` is ["⌘K"] or ["Ctrl K"]. */
export const written = (keys: string, mac = isMac()): string[] =>
  keys.split(" ").map((stroke) => {
    const parts = stroke === "+" ? ["+"] : stroke.split("+");
    const key = parts.pop() as string;
    const name = signs[key] ?? (key.length === 1 ? key.toUpperCase() : key[0]?.toUpperCase() + key.slice(1));
    const before = parts.map((p) => (p === "mod" ? (mac ? "⌘" : "Ctrl ") : mac ? "⇧" : "Shift "));
    return before.join("") + name;
  });
