import type { KeyboardEvent, RefObject } from "react";
import type { GridProps } from "./Grid";
import type { Block, GridLine, Place } from "./grid";

interface At<R> extends GridProps<R> {
  frame: RefObject<HTMLDivElement | null>;
  at: GridLine<R> | undefined;
  block: Block | undefined;
  move(place: Place, extend?: boolean): void;
  /** Goes to the last row, also if it is not known yet which one that is. */
  moveToEnd(): void;
  edit(): void;
}

/** What keys do in a grid: with a row in focus letters are shortcuts, with a cell in focus they type. */
export function gridKeys<R>(grid: At<R>) {
  return (event: KeyboardEvent) => {
    const done = grid.focus.column === undefined ? keysOfRow(grid, event) : keysOfCell(grid, event, grid.focus.column);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/** Rows that a page has. */
const pageOf = <R>({ frame, rowHeight }: At<R>) =>
  Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / rowHeight) - 2);

function keysOfRow<R>(grid: At<R>, event: KeyboardEvent): boolean {
  const { focus, at, count, move } = grid;
  const meta = event.metaKey || event.ctrlKey;
  if (event.altKey) return false;
  if (meta) {
    if (event.key !== "a" || !grid.onChooseAll) return false;
    grid.onChooseAll();
    return true;
  }
  const to: Record<string, number> = {
    ArrowDown: focus.row + 1,
    j: focus.row + 1,
    ArrowUp: focus.row - 1,
    k: focus.row - 1,
    PageDown: focus.row + pageOf(grid),
    PageUp: focus.row - pageOf(grid),
    Home: 0,
  };
  if (Object.hasOwn(to, event.key)) {
    const row = Math.max(0, Math.min(count - 1, to[event.key] as number));
    if (event.shiftKey && event.key.startsWith("Arrow")) grid.onChoose?.(row, true);
    move({ row });
  } else if (event.key === "End") grid.moveToEnd();
  else if (event.key === "ArrowRight" && at?.kind === "row") move({ row: focus.row, column: 0 });
  else if (event.key === "Enter" && at?.kind === "row") grid.onOpen(at.row);
  else if (event.key === " " && at?.kind === "row" && grid.onPeek) grid.onPeek(at.row);
  else if ((event.key === "Enter" || event.key === " ") && at?.kind === "group") grid.onGroup?.(at.id);
  else if (event.key === "x" && at?.kind === "row" && grid.onChoose) grid.onChoose(focus.row, false);
  else return false;
  return true;
}

function keysOfCell<R>(grid: At<R>, event: KeyboardEvent, column: number): boolean {
  const { focus, block, move, columns, count } = grid;
  const row = focus.row;
  if (event.metaKey || event.ctrlKey) {
    const does = { d: grid.onFill, z: grid.onUndo }[event.key.toLowerCase()];
    if (!does || !block || event.shiftKey) return false;
    does(block);
    return true;
  }
  if (event.altKey) return false;
  const to: Record<string, Place> = {
    ArrowDown: { row: row + 1, column },
    ArrowUp: { row: row - 1, column },
    ArrowRight: { row, column: column + 1 },
    ArrowLeft: { row, column: column - 1 },
    PageDown: { row: row + pageOf(grid), column },
    PageUp: { row: row - pageOf(grid), column },
    Home: { row, column: 0 },
    End: { row, column: columns.length - 1 },
  };
  if (Object.hasOwn(to, event.key)) move(to[event.key] as Place, event.shiftKey);
  else if (event.key === "Tab") {
    const next = column + (event.shiftKey ? -1 : 1);
    if (next >= 0 && next < columns.length) move({ row, column: next });
    else if (next < 0 ? row > 0 : row < count - 1)
      move({ row: row + (next < 0 ? -1 : 1), column: next < 0 ? columns.length - 1 : 0 });
    else return false;
  } else if (event.key === "Enter" || event.key === "F2") grid.at?.kind === "row" && grid.edit();
  else if (event.key === "Escape") move({ row });
  else if ((event.key === "Delete" || event.key === "Backspace") && block && grid.onEmpty) grid.onEmpty(block);
  else return false;
  return true;
}
