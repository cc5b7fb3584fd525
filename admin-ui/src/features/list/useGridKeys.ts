import { useTranslation } from "react-i18next";
import { type Command, type Place, useCommands } from "~/ui/commands";

/** What the keys of the grid do, with a row and with a cell in focus. The grid hears them; the help tells of them. */
const keys = {
  list: {
    next: ["j", "arrowdown"],
    previous: ["k", "arrowup"],
    open: "enter",
    peek: "space",
    choose: "x",
    range: "shift+arrowdown",
    all: "mod+a",
    cell: "arrowright",
  },
  cell: {
    edit: ["enter", "f2"],
    along: "tab",
    copy: "mod+c",
    paste: "mod+v",
    fill: "mod+d",
    empty: "delete",
    leave: "escape",
  },
} as const;

export function useGridKeys() {
  const { t } = useTranslation();
  const of = <P extends "list" | "cell">(place: P): Command[] =>
    Object.entries(keys[place]).map(([name, strokes]) => ({
      id: `${place}.keys.${name}`,
      label: t(`list.keys.${name}` as never),
      keys: [strokes].flat() as string[],
      where: place satisfies Place,
      told: true,
      run: () => undefined,
    }));
  useCommands([...of("list"), ...of("cell")]);
}
