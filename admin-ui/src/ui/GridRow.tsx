import { memo } from "react";
import css from "./Grid.module.css";
import type { GridColumn, GridLine } from "./grid";

interface Props<R> {
  line: GridLine<R>;
  index: number;
  top: number;
  columns: GridColumn<R>[];
  /** The columns in sight. Of the others only the very first is drawn. */
  first: number;
  last: number;
  focus: boolean;
  /** The first and last columns of the block that is in focus in this row; -1 for none. */
  from: number;
  to: number;
  chosen: boolean | undefined;
}

/** A row is drawn again only when something of it has changed. */
function RowOf<R>({ line, index, top, columns, first, last, focus, from, to, chosen }: Props<R>) {
  const place = { top };
  if (line.kind === "group")
    return (
      <div
        className={css.group}
        role="row"
        aria-rowindex={index + 2}
        data-row={index}
        data-focus={focus}
        id={`row-${index}`}
        tabIndex={-1}
        style={place}
      >
        <div role="gridcell" tabIndex={-1} aria-expanded={line.open} className={css.groupCell}>
          <span aria-hidden className={css.turn} data-open={line.open}>
            ▸
          </span>
          {line.head}
        </div>
      </div>
    );
  const row = line.kind === "row" ? line.row : undefined;
  const mark = line.kind === "row" ? line.mark : undefined;
  const problems = line.kind === "row" ? line.problems : undefined;
  return (
    <div
      className={css.row}
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-row={index}
      data-focus={focus}
      data-mark={mark ? true : undefined}
      title={mark}
      tabIndex={-1}
      style={place}
    >
      {chosen !== undefined && (
        <div className={css.check} role="gridcell" tabIndex={-1} data-check="" data-on={chosen}>
          <span aria-hidden>{chosen ? "✓" : ""}</span>
        </div>
      )}
      {columns.map((c, i) => {
        if (i > 0 && (i < first || i > last)) return null;
        const problem = problems?.[c.key];
        return (
          <div
            key={c.key}
            id={`cell-${index}-${i}`}
            className={css.cell}
            role="gridcell"
            aria-colindex={i + (chosen === undefined ? 1 : 2)}
            tabIndex={-1}
            data-column={i}
            data-align={c.align}
            data-in={i >= from && i <= to ? true : undefined}
            data-bad={problem ? true : undefined}
            aria-invalid={problem ? true : undefined}
            style={{ width: `var(--c${i})`, marginLeft: i > 0 && i === first ? "var(--skipped)" : undefined }}
            title={problem?.says ?? (row && c.title(row))}
          >
            {row ? c.cell(row) : <span className={css.skeleton} />}
          </div>
        );
      })}
      {mark && <span className={css.mark}>{mark}</span>}
    </div>
  );
}
export const GridRow = memo(RowOf) as typeof RowOf;
