// A table of any number of rows: only those in sight are drawn, a cell is the return value of a plain
// function, and there is one editor. It knows nothing of what it shows.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ClipboardEvent, type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import css from "./Grid.module.css";
import { GridEditor } from "./GridEditor";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import {
  type Block,
  blockOf,
  checkWidth,
  type GridColumn,
  type GridLine,
  type Place,
  readBlock,
  spread,
  writeBlock,
} from "./grid";
import { gridKeys } from "./gridKeys";
import { useRest } from "./useRest";
import { useInSight, useRoom } from "./useSideways";

export interface GridProps<R> {
  label: string;
  columns: GridColumn<R>[];
  /** Of each line, in px. */
  rowHeight: number;
  /** How many lines there are; of those that have not come yet a skeleton is shown. */
  count: number;
  line(index: number): GridLine<R>;
  /** Of the person, while the next rows are asked for. */
  dim?: boolean;
  focus: Place;
  onFocus(place: Place): void;
  onOpen(row: R): void;
  /** The pointer rests on the way to a row. */
  onPointed?(row: R): void;
  onPeek?(row: R): void;
  onGroup?(id: string): void;
  onSort(key: string): void;
  onMove?(key: string, before: string): void;
  onResize?(key: string, width: number): void;
  /** The lines in sight. */
  onSeen(from: number, to: number): void;
  /** Which rows are chosen; absent: none can be. */
  chosen?: { has(id: string): boolean; all: boolean };
  onChoose?(index: number, through: boolean): void;
  onChooseAll?(): void;
  onPaste?(at: Place, block: string[][]): void;
  onEmpty?(block: Block): void;
  onFill?(block: Block): void;
  /** ⌘Z, which in a text would be the browser's. */
  onUndo?(): void;
  /** Something is being typed, or no longer is. */
  onTyping?(typing: boolean): void;
  texts: GridTexts;
}

export interface GridTexts {
  all: string;
  resize: string;
  nothing: string;
  sum: string;
}

export function Grid<R>(props: GridProps<R>) {
  const { count, line, focus, onFocus, onSeen, chosen, rowHeight } = props;
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame);
  const checks = chosen ? checkWidth : 0;
  const columns = useMemo(() => spread(props.columns, room - checks), [props.columns, room, checks]);
  const { lefts, end } = useMemo(() => placesOf(columns, checks), [columns, checks]);
  const sight = useInSight(frame, lefts, end, room);
  // The first column stays in sight where there is room for others beside it; a place of its own costs each row some.
  const pinned = sight.aside && (lefts[1] ?? end) < room / 2;
  const input = useRef<HTMLTextAreaElement>(null);
  const [typed, setTyped] = useState<string>();
  const [anchor, setAnchor] = useState<Place>();
  const lines = useVirtualizer({
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollPaddingStart: rowHeight,
    scrollPaddingEnd: rowHeight,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines of another height stand elsewhere
  useLayoutEffect(() => lines.measure(), [rowHeight]);
  const seen = lines.getVirtualItems();
  const [from, to] = [seen[0]?.index ?? 0, seen.at(-1)?.index ?? 0];
  useEffect(() => onSeen(from, to), [from, to, onSeen]);

  const at = focus.row < count ? line(focus.row) : undefined;
  const column = focus.column === undefined ? undefined : columns[focus.column];
  const cell = column && at?.kind === "row" ? { column, row: at } : undefined;
  const block = focus.column === undefined ? undefined : blockOf(anchor ?? focus, focus);

  // The input of the cell in focus hears the keys; without such a cell the grid does.
  const inCell = cell !== undefined;
  const had = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the input takes the focus with each other cell
  useLayoutEffect(() => {
    if (inCell) input.current?.focus({ preventScroll: true });
    else if (had.current) frame.current?.focus({ preventScroll: true });
    had.current = inCell;
  }, [inCell, focus.row, focus.column]);

  // A list begins with a row in focus, unless somebody is at something else already.
  useEffect(() => {
    const now = document.activeElement;
    if (!now || now.contains(frame.current)) frame.current?.focus({ preventScroll: true });
  }, []);

  const { onTyping } = props;
  const typing = typed !== undefined;
  useEffect(() => onTyping?.(typing), [typing, onTyping]);

  // Who goes to the end goes on with it when the list turns out to be longer.
  const ended = useRef<number>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is about how many lines there are
  useEffect(() => {
    if (ended.current !== undefined && count > ended.current + 1 && focus.row === ended.current - 1)
      move({ ...focus, row: count - 1 });
  }, [count]);
  const move = (place: Place, extend = false) => {
    ended.current = undefined;
    const next = { ...place, row: Math.max(0, Math.min(count - 1, place.row)) };
    if (next.column !== undefined) next.column = Math.max(0, Math.min(columns.length - 1, next.column));
    setAnchor(extend ? (anchor ?? focus) : undefined);
    setTyped(undefined);
    onFocus(next);
    lines.scrollToIndex(next.row);
    const left = next.column === undefined ? undefined : lefts[next.column];
    if (next.column === undefined || left === undefined || !frame.current || (pinned && next.column === 0)) return;
    reveal(frame.current, left, lefts[next.column + 1] ?? end, pinned ? (lefts[1] ?? 0) : 0);
  };
  const moveToEnd = () => {
    move({ row: count - 1 });
    ended.current = count;
  };
  const edit = () => {
    const may = cell?.column.edit?.may(cell.row.row);
    if (!cell || may !== true) return;
    if (cell.column.edit?.toggle) cell.column.edit.toggle(cell.row.row);
    else setTyped(cell.row.problems?.[cell.column.key]?.typed ?? cell.column.title(cell.row.row));
  };
  const keys = gridKeys({ ...props, frame, at, block, move, moveToEnd, edit });

  // One listener for all rows finds where it was by what the element says.
  const clicked = (event: MouseEvent) => {
    const target = event.target as Element;
    const element = target.closest<HTMLElement>("[data-row]");
    if (!element) return;
    const row = Number(element.dataset.row);
    const one = line(row);
    const link = target.closest("a");
    if (link) {
      // A link with data-open is the way to the row; the browser opens it in a new tab if it is asked to.
      if (one.kind === "row" && link.hasAttribute("data-open") && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        onFocus({ row });
        props.onOpen(one.row);
      }
      return;
    }
    if (one.kind === "group") props.onGroup?.(one.id);
    else if (target.closest("[data-check]")) {
      props.onChoose?.(row, event.shiftKey);
      move({ row });
    } else {
      const place = { row, column: Number(target.closest<HTMLElement>("[data-column]")?.dataset.column ?? 0) };
      const again = focus.row === row && focus.column === place.column && typed === undefined;
      move(place, event.shiftKey && focus.column !== undefined);
      if (again && event.detail > 1) edit();
    }
  };
  const rest = useRest("a[data-open]", (link) => {
    const one = line(Number(link.closest<HTMLElement>("[data-row]")?.dataset.row));
    if (one.kind === "row") props.onPointed?.(one.row);
  });
  const copy = (event: ClipboardEvent) => {
    if (!block) return;
    const rows: string[][] = [];
    for (let i = block.top; i <= block.bottom; i++) {
      const one = line(i);
      if (one.kind === "row") rows.push(columns.slice(block.left, block.right + 1).map((c) => c.title(one.row)));
    }
    event.clipboardData.setData("text/plain", writeBlock(rows));
    event.preventDefault();
  };
  const sums = columns.some((c) => c.sum !== undefined);
  return (
    <div
      className={css.grid}
      ref={frame}
      role="grid"
      aria-label={props.label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length + (chosen ? 1 : 0)}
      aria-multiselectable={chosen ? true : undefined}
      aria-busy={props.dim}
      tabIndex={inCell ? -1 : 0}
      data-dim={props.dim}
      data-pinned={pinned ? true : undefined}
      style={Object.fromEntries([
        ["--row", `${rowHeight}px`],
        ["--skipped", `${(lefts[Math.max(1, sight.first)] ?? end) - (lefts[1] ?? end)}px`],
        ...columns.map((c, i) => [`--c${i}`, `${c.width}px`]),
      ])}
      onKeyDown={(event) => !(event.target as Element).closest("textarea, button") && keys(event)}
      onClick={clicked}
      onMouseDown={(event) => {
        // The input of the cell in focus keeps it when the cell is clicked again.
        if (inCell && (event.target as Element).closest("[data-column]")?.id === `cell-${focus.row}-${focus.column}`)
          event.preventDefault();
      }}
      {...rest}
      aria-activedescendant={`row-${focus.row}`}
    >
      <GridHead
        columns={columns}
        all={chosen?.all}
        allLabel={props.texts.all}
        resizeLabel={props.texts.resize}
        frame={frame}
        onAll={props.onChooseAll}
        onSort={props.onSort}
        onMove={props.onMove}
        onResize={props.onResize}
      />
      <div className={css.body} role="rowgroup" style={{ height: lines.getTotalSize(), minWidth: end }}>
        {seen.map((item) => {
          const one = line(item.index);
          const within = block && item.index >= block.top && item.index <= block.bottom;
          return (
            <GridRow
              key={one.kind === "waiting" ? `#${item.index}` : one.id}
              line={one}
              index={item.index}
              top={item.start}
              columns={props.columns}
              first={sight.first}
              last={sight.last}
              focus={item.index === focus.row}
              from={within ? block.left : -1}
              to={within ? block.right : -1}
              chosen={one.kind === "row" && chosen ? chosen.has(one.id) : chosen ? false : undefined}
            />
          );
        })}
        {cell && focus.column !== undefined && (
          <GridEditor
            input={input}
            column={cell.column}
            row={cell.row.row}
            rowHeight={rowHeight}
            label={`${cell.column.label}: ${cell.column.title(cell.row.row)}`}
            top={focus.row * rowHeight}
            left={lefts[focus.column] ?? 0}
            pinned={pinned && focus.column === 0}
            below={focus.row < count - 8 || count < 12}
            problem={cell.row.problems?.[cell.column.key]}
            typed={typed}
            nothing={props.texts.nothing}
            onTyped={setTyped}
            onKey={keys}
            onDone={(go) => (go === 0 ? setTyped(undefined) : move(neighbour(focus, go, columns.length)))}
            onCopy={copy}
            onPaste={(event) => {
              const text = event.clipboardData.getData("text/plain");
              if (!text || !props.onPaste) return;
              event.preventDefault();
              props.onPaste({ row: block?.top ?? focus.row, column: block?.left ?? 0 }, readBlock(text));
            }}
            onLeave={() => setTyped(undefined)}
          />
        )}
      </div>
      {sums && (
        <div className={css.sums} role="row" aria-rowindex={count + 2} aria-label={props.texts.sum} tabIndex={-1}>
          {chosen && <div className={css.check} role="gridcell" tabIndex={-1} />}
          {columns.map((c, i) => (
            <div
              key={c.key}
              className={css.cell}
              role="gridcell"
              tabIndex={-1}
              data-align={c.align}
              style={{ width: `var(--c${i})` }}
            >
              {c.sum || (i === 0 ? <span className={css.sumLabel}>{props.texts.sum}</span> : null)}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Where each column begins, and where the last one ends. */
function placesOf<R>(columns: GridColumn<R>[], from: number) {
  let end = from;
  const lefts = columns.map((c) => {
    const at = end;
    end += c.width;
    return at;
  });
  return { lefts, end };
}

/** The next cell; after the last one of a row comes the first of the next. */
function neighbour({ row, column = 0 }: Place, go: -1 | 1, columns: number): Place {
  const to = column + go;
  if (to < 0) return row > 0 ? { row: row - 1, column: columns - 1 } : { row, column };
  return to < columns ? { row, column: to } : { row: row + 1, column: 0 };
}

/** Scrolls sideways so far that what lies between left and right is in sight, beside what is pinned. */
function reveal(frame: HTMLElement, left: number, right: number, pinned: number) {
  if (left - pinned < frame.scrollLeft) frame.scrollLeft = pinned ? left - pinned : 0;
  else if (right > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = right - frame.clientWidth;
}
