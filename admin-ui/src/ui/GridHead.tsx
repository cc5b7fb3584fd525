import { type PointerEvent, type RefObject, useState } from "react";
import css from "./Grid.module.css";
import type { GridColumn } from "./grid";

interface Props<R> {
  columns: GridColumn<R>[];
  /** Whether all rows are chosen; absent: none can be. */
  all: boolean | undefined;
  allLabel?: string;
  resizeLabel: string;
  frame: RefObject<HTMLDivElement | null>;
  onAll?(): void;
  onSort(key: string): void;
  onMove?(key: string, before: string): void;
  onResize?(key: string, width: number): void;
}

const least = 60; // px of a column

/** The headings: a click sorts, the edge resizes, dragging moves. Each has its equivalent in the menu of columns. */
export function GridHead<R>({ columns, all, allLabel, resizeLabel, frame, onAll, onSort, onMove, onResize }: Props<R>) {
  const [moving, setMoving] = useState<string>();
  const [over, setOver] = useState<string>();

  // While an edge is dragged only a variable of the style changes, and no row is drawn anew.
  const drag = (event: PointerEvent<HTMLElement>, index: number) => {
    const column = columns[index] as GridColumn<R>;
    const from = event.clientX;
    const edge = event.currentTarget;
    let width = column.width;
    edge.setPointerCapture(event.pointerId);
    const move = (e: globalThis.PointerEvent) => {
      width = Math.max(least, Math.round(column.width + e.clientX - from));
      frame.current?.style.setProperty(`--c${index}`, `${width}px`);
    };
    edge.addEventListener("pointermove", move);
    edge.addEventListener(
      "lostpointercapture",
      () => {
        edge.removeEventListener("pointermove", move);
        if (width !== column.width) onResize?.(column.key, width);
      },
      { once: true },
    );
    event.preventDefault();
  };
  return (
    <div className={css.head} role="row" aria-rowindex={1} tabIndex={-1}>
      {all !== undefined && (
        <div role="columnheader" tabIndex={-1} className={css.check}>
          <button
            type="button"
            tabIndex={-1}
            className={css.checkAll}
            aria-label={allLabel}
            aria-pressed={all}
            onClick={onAll}
          >
            <span aria-hidden data-on={all}>
              {all ? "✓" : ""}
            </span>
          </button>
        </div>
      )}
      {columns.map((c, index) => (
        <div
          key={c.key}
          role="columnheader"
          className={css.heads}
          tabIndex={-1}
          data-key={c.key}
          data-over={over === c.key && moving !== c.key ? true : undefined}
          aria-sort={c.sorted === "asc" ? "ascending" : c.sorted === "desc" ? "descending" : "none"}
          style={{ width: `var(--c${index})` }}
          onDragOver={(e) => {
            if (!moving) return;
            e.preventDefault();
            setOver(c.key);
          }}
          onDrop={() => {
            if (moving && moving !== c.key) onMove?.(moving, c.key);
            setOver(undefined);
          }}
        >
          <button
            type="button"
            className={css.heading}
            data-align={c.align}
            tabIndex={-1}
            title={c.unsorted ? `${c.label}: ${c.unsorted}` : c.label}
            aria-disabled={c.unsorted ? true : undefined}
            draggable={!!onMove}
            onDragStart={(e) => {
              e.dataTransfer.setData("text/plain", c.label);
              setMoving(c.key);
            }}
            onDragEnd={() => {
              setMoving(undefined);
              setOver(undefined);
            }}
            onClick={() => !c.unsorted && onSort(c.key)}
          >
            {c.label}
            {c.sorted === "asc" ? " ↑" : c.sorted === "desc" ? " ↓" : ""}
          </button>
          {onResize && (
            <span className={css.edge} aria-hidden title={resizeLabel} onPointerDown={(e) => drag(e, index)} />
          )}
        </div>
      ))}
    </div>
  );
}
