// A table of any number of rows: only those in sight are drawn, and a cell is the return value of a
// plain function. It knows nothing of what it shows.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, memo, type ReactNode, useEffect, useRef } from "react";
import css from "./Grid.module.css";

export interface GridColumn<R> {
  key: string;
  label: string;
  width: number;
  align?: "right";
  sorted?: "asc" | "desc";
  cell(row: R): ReactNode;
  title(row: R): string;
}

interface Props<R> {
  label: string;
  columns: GridColumn<R>[];
  /** How many rows there are; of those that have not come yet a skeleton is shown. */
  count: number;
  row(index: number): R | undefined;
  keyOf(row: R): string;
  focus: number;
  onFocus(index: number): void;
  onOpen(row: R): void;
  onSort(key: string): void;
  /** The last rows came into sight. */
  onEnd(): void;
}

const height = 32;

export function Grid<R>({ label, columns, count, row, keyOf, focus, onFocus, onOpen, onSort, onEnd }: Props<R>) {
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    overscan: 12,
    scrollPaddingStart: height,
  });
  const seen = rows.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= count - 30) onEnd();
  }, [last, count, onEnd]);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(count - 1, to));
    onFocus(next);
    rows.scrollToIndex(next);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.target !== frame.current || event.metaKey || event.ctrlKey || event.altKey) return;
    const page = Math.floor((frame.current?.clientHeight ?? 0) / height) - 2;
    const to = {
      ArrowDown: focus + 1,
      j: focus + 1,
      ArrowUp: focus - 1,
      k: focus - 1,
      PageDown: focus + page,
      PageUp: focus - page,
      Home: 0,
      End: count - 1,
    }[event.key];
    const at = row(focus);
    if (to !== undefined) move(to);
    else if (event.key === "Enter" && at) onOpen(at);
    else return;
    event.preventDefault();
  };
  // One listener for all rows finds where it was by what the element says.
  const clicked = (event: MouseEvent) => {
    const at = (event.target as Element).closest<HTMLElement>("[data-row]");
    if (!at || (event.target as Element).closest("a")) return;
    const index = Number(at.dataset.row);
    const one = row(index);
    onFocus(index);
    if (one) onOpen(one);
  };
  return (
    <div
      className={css.grid}
      ref={frame}
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      tabIndex={0}
      onKeyDown={keys}
      onClick={clicked}
      aria-activedescendant={`row-${focus}`}
    >
      <div className={css.head} role="row" aria-rowindex={1} tabIndex={-1}>
        {columns.map((c) => (
          <div
            key={c.key}
            role="columnheader"
            tabIndex={-1}
            aria-sort={c.sorted === "asc" ? "ascending" : c.sorted === "desc" ? "descending" : "none"}
          >
            <button
              type="button"
              className={css.heading}
              data-align={c.align}
              tabIndex={-1}
              style={{ width: c.width }}
              onClick={() => onSort(c.key)}
            >
              {c.label}
              {c.sorted === "asc" ? " ↑" : c.sorted === "desc" ? " ↓" : ""}
            </button>
          </div>
        ))}
      </div>
      <div className={css.body} style={{ height: rows.getTotalSize() }}>
        {seen.map((item) => {
          const one = row(item.index);
          return (
            <Row
              key={one ? keyOf(one) : `#${item.index}`}
              row={one}
              index={item.index}
              top={item.start}
              columns={columns}
              focus={item.index === focus}
            />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps<R> {
  row: R | undefined;
  index: number;
  top: number;
  columns: GridColumn<R>[];
  focus: boolean;
}

function RowOf<R>({ row, index, top, columns, focus }: RowProps<R>) {
  return (
    <div
      className={css.row}
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      data-row={index}
      data-focus={focus}
      tabIndex={-1}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((c) => (
        <div
          key={c.key}
          className={css.cell}
          role="gridcell"
          tabIndex={-1}
          data-align={c.align}
          style={{ width: c.width }}
          title={row && c.title(row)}
        >
          {row ? c.cell(row) : <span className={css.skeleton} />}
        </div>
      ))}
    </div>
  );
}
const Row = memo(RowOf) as typeof RowOf;
