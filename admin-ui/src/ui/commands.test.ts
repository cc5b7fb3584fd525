import { beforeEach, expect, test } from "vitest";
import {
  type Command,
  commands,
  keyboard,
  perform,
  pushUndo,
  register,
  setLetters,
  undoLast,
  undoThis,
  useCommandStore,
} from "./commands";
import { strokeOf, written } from "./keys";
import { useNotices } from "./notices/notices";

beforeEach(() => {
  useCommandStore.setState({ sources: [], letters: true, undos: [] });
  useNotices.setState({ shown: [] });
});

const command = (id: string, keys?: string | string[], more?: Partial<Command>): Command => ({
  id,
  label: id,
  keys,
  run: () => undefined,
  ...more,
});
const none = { metaKey: false, ctrlKey: false, altKey: false, shiftKey: false };

test("a stroke is the same on every system and keyboard", () => {
  expect(strokeOf({ ...none, key: "K", shiftKey: true }, false)).toBe("shift+k");
  expect(strokeOf({ ...none, key: "?", shiftKey: true }, false)).toBe("?");
  expect(strokeOf({ ...none, key: "k", metaKey: true }, true)).toBe("mod+k");
  expect(strokeOf({ ...none, key: "k", ctrlKey: true }, false)).toBe("mod+k");
  expect(strokeOf({ ...none, key: "k", ctrlKey: true }, true)).toBeUndefined(); // kills a line in texts of a Mac
  expect(strokeOf({ ...none, key: "Shift", shiftKey: true }, false)).toBeUndefined();
  expect(written("mod+shift+p", true)).toEqual(["⌘⇧P"]);
  expect(written("g h", false)).toEqual(["G", "H"]);
});

test("the last who said a command has its keys, and gives them back", () => {
  register({ current: [command("below", "e")] });
  const end = register({ current: [command("above", ["arrowdown", "e"])] });
  const keys = keyboard();
  expect(keys.press("e", false)).toMatchObject({ id: "above" });
  end();
  expect(keys.press("e", false)).toMatchObject({ id: "below" });
  register({ current: [command("below", "x")] });
  expect(commands()).toHaveLength(1);
});

test("strokes follow one another for a while, and a broken sequence is begun anew", () => {
  let now = 0;
  register({ current: [command("home", "g h"), command("make", "c")] });
  const keys = keyboard(() => now);
  expect(keys.press("g", false)).toBe("more");
  expect(keys.press("h", false)).toMatchObject({ id: "home" });
  expect(keys.press("g", false)).toBe("more");
  expect(keys.press("c", false)).toMatchObject({ id: "make" });
  expect(keys.press("g", false)).toBe("more");
  now = 5000;
  expect(keys.press("h", false)).toBeUndefined();
});

test("texts keep what is typed, and letters can be switched off", () => {
  register({
    current: [command("palette", "mod+k"), command("undo", "mod+z"), command("make", "c"), command("go", "escape")],
  });
  const keys = keyboard();
  expect(keys.press("c", true)).toBeUndefined();
  expect(keys.press("mod+z", true)).toBeUndefined();
  expect(keys.press("mod+k", true)).toMatchObject({ id: "palette" });
  setLetters(false);
  expect(keys.press("c", false)).toBeUndefined();
  expect(keys.press("escape", false)).toMatchObject({ id: "go" });
  expect(keys.press("mod+z", false)).toMatchObject({ id: "undo" });
});

test("what can't be done says why, and what was done is undone once", async () => {
  const done: string[] = [];
  await perform(command("no", undefined, { enabled: () => "Choose a row first.", run: () => done.push("no") }));
  expect(useNotices.getState().shown.map((n) => n.text)).toEqual(["Choose a row first."]);
  await perform(command("one", undefined, { run: () => done.push("one"), undo: () => done.push("not one") }));
  const two = { label: "two", undo: () => done.push("not two") };
  pushUndo(two);
  await undoThis(two);
  await undoThis(two);
  expect(await undoLast()).toMatchObject({ label: "one" });
  expect(await undoLast()).toBeUndefined();
  expect(done).toEqual(["one", "not two", "not one"]);
});

test("what is done once is not done again while it is under way", async () => {
  let end = () => {};
  let runs = 0;
  const run = () => {
    runs++;
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  };
  const [once, often] = [command("once", "y", { run, once: true }), command("often", "j", { run })];
  const first = perform(once);
  await perform(once);
  expect([runs, useCommandStore.getState().busy]).toEqual([1, ["once"]]);
  end();
  await first;
  expect(useCommandStore.getState().busy).toEqual([]);
  void perform(once);
  void perform(often);
  void perform(often);
  expect(runs).toBe(4);
});
