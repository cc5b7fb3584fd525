// What can be done now. A command is one object; buttons, menus, the palette and keys are views of it.
// A page says its commands while it is shown (useCommands); the last one that was said has its keys.
import { type ComponentType, useLayoutEffect, useMemo, useRef } from "react";
import { create } from "zustand";
import { isLetter, strokeOf } from "./keys";
import { notify } from "./notices/notices";

/** Where a command belongs in the help; a command without one belongs to what is shown at present. */
export type Place = "anywhere" | "go" | "list" | "cell" | "record" | "inbox" | "studio";

export interface Command {
  /** Names it for ever, such as `list.filter`. */
  id: string;
  /** What it does, in the language of the person. */
  label: string;
  icon?: ComponentType<{ size?: number }>;
  /** See keys.ts; several are alternatives, the first of which is shown. */
  keys?: string | string[];
  /** More words that it is found by. */
  keywords?: string;
  where?: Place;
  /** True, or why it can't be done now. Absent: it always can. */
  enabled?(): true | string;
  run(): unknown;
  /** Takes back what run did; it becomes the last change, which ⌘Z undoes. */
  undo?(): unknown;
  /** It has keys and stands in the help, but is not offered in the palette. */
  hidden?: boolean;
  /** Its keys are heard by what has the keyboard, such as a grid; here it is only told of. It is hidden, too. */
  told?: boolean;
  /** It is done once, however long its key is held and while it is under way: it decides or begins something. */
  once?: boolean;
}

export interface Undo {
  /** What was done, as in “Stage changed”. */
  label: string;
  undo(): unknown;
}

/** The commands of one place, which are replaced at each drawing of it. */
interface Source {
  current: Command[];
}

interface State {
  sources: Source[];
  /** Whether keys that are one character work. */
  letters: boolean;
  undos: Undo[];
  /** The ids of commands that are done once, and are under way. */
  busy: string[];
}

const kept = 50; // changes that can be undone

export const useCommandStore = create<State>(() => ({ sources: [], letters: true, undos: [], busy: [] }));

/** All commands, those said last first; of one id there is one. */
export function commands(state = useCommandStore.getState()): Command[] {
  const found = new Map<string, Command>();
  for (const source of [...state.sources].reverse())
    for (const command of source.current) if (!found.has(command.id)) found.set(command.id, command);
  return [...found.values()];
}

/** Says commands; what is returned takes them back. */
export function register(source: Source): () => void {
  useCommandStore.setState((s) => ({ sources: [...s.sources, source] }));
  return () => useCommandStore.setState((s) => ({ sources: s.sources.filter((one) => one !== source) }));
}

/** Says commands while the component is shown. The list may be a new one at each drawing; a long one had better stay. */
export function useCommands(list: Command[]) {
  const source = useRef<Source>({ current: list });
  const looks = useMemo(
    () => JSON.stringify(list.map(({ id, label, keys, keywords, where }) => [id, label, keys, keywords, where])),
    [list],
  );
  useLayoutEffect(() => {
    source.current.current = list;
  });
  useLayoutEffect(() => register(source.current), []);
  // Views of the commands are drawn anew where something that they show has changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what commands look like is all that it depends on
  useLayoutEffect(() => useCommandStore.setState((s) => ({ sources: [...s.sources] })), [looks]);
}

export const enabled = (command: Command): true | string => command.enabled?.() ?? true;

/** Does a command, or says why it can't be done now. */
export async function perform(command: Command) {
  const can = enabled(command);
  if (can !== true) {
    notify({ text: can });
    return;
  }
  if (command.once) await alone(command);
  else await command.run();
  if (command.undo) pushUndo({ label: command.label, undo: command.undo });
}

/** Does a command unless it is under way. */
async function alone({ id, run }: Command) {
  if (useCommandStore.getState().busy.includes(id)) return;
  useCommandStore.setState(({ busy }) => ({ busy: [...busy, id] }));
  try {
    await run();
  } finally {
    useCommandStore.setState(({ busy }) => ({ busy: busy.filter((one) => one !== id) }));
  }
}

/** Whether a click is the second of a double click, which means the first one alone. */
export const isSecond = ({ detail }: { detail: number }) => detail > 1;

/** Remembers how to take back a change that was just made. */
export const pushUndo = (undo: Undo) =>
  useCommandStore.setState((s) => ({ undos: [...s.undos.slice(1 - kept), undo] }));

/** Takes back the last change, and says which; undefined where there is none. What fails is thrown and not kept. */
export async function undoLast(): Promise<Undo | undefined> {
  const last = useCommandStore.getState().undos.at(-1);
  if (!last) return undefined;
  await undoThis(last);
  return last;
}

/** Takes back one change, unless that was done already. */
export async function undoThis(undo: Undo) {
  const { undos } = useCommandStore.getState();
  if (!undos.includes(undo)) return;
  useCommandStore.setState({ undos: undos.filter((one) => one !== undo) });
  await undo.undo();
}

/** Nothing of one person is undone by the next. */
export const forgetUndos = () => useCommandStore.setState({ undos: [] });

export const setLetters = (letters: boolean) => useCommandStore.setState({ letters });

export const keysOf = (command: Command): string[] => [command.keys ?? []].flat();

/** What a person does with ⌘ in a text stays with the text. */
const ofTexts = new Set(["mod+a", "mod+c", "mod+d", "mod+v", "mod+x", "mod+y", "mod+z", "mod+shift+z"]);
const patience = 1200; // ms between the strokes of a sequence

/** Finds commands by strokes: keeps those of a sequence that has begun. `now` is in milliseconds. */
export function keyboard(now: () => number = () => performance.now()) {
  let begun: string[] = [];
  let at = 0;
  return {
    /** The command of a stroke; "more" if a sequence has begun; undefined if it means nothing here. */
    press(stroke: string, typing: boolean): Command | "more" | undefined {
      const { letters } = useCommandStore.getState();
      if (typing && (!stroke.startsWith("mod+") || ofTexts.has(stroke))) return undefined;
      if (!letters && isLetter(stroke)) return undefined;
      if (now() - at > patience) begun = [];
      at = now();
      const all = commands().filter((command) => !command.told);
      for (const strokes of begun.length > 0 ? [[...begun, stroke], [stroke]] : [[stroke]]) {
        const text = strokes.join(" ");
        const found = all.find((c) => keysOf(c).includes(text));
        if (found) {
          begun = [];
          return found;
        }
        if (all.some((c) => keysOf(c).some((keys) => keys.startsWith(`${text} `)))) {
          begun = strokes;
          return "more";
        }
      }
      begun = [];
      return undefined;
    },
  };
}

const writes =
  'input:not([type=checkbox],[type=radio],[type=button],[type=submit]), textarea, select, [contenteditable=""], [contenteditable=true]';
/** Letters within these choose among what they show. */
const closed = "[aria-modal=true], [role=menu], [role=listbox]";

/** Hears the keys of the whole page; what is returned ends that. */
export function listen(page: Window): () => void {
  const keys = keyboard();
  const hear = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const stroke = strokeOf(event);
    if (!stroke) return;
    const target = event.target instanceof Element ? event.target : undefined;
    const found = keys.press(stroke, !!target?.closest(`${writes}, ${closed}`));
    if (!found) return;
    event.preventDefault();
    if (found !== "more" && !(event.repeat && found.once)) void perform(found);
  };
  page.addEventListener("keydown", hear);
  return () => page.removeEventListener("keydown", hear);
}
