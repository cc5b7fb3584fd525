import { TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./Access.module.css";

/** A cell that says yes or no. */
export interface Tick {
  on: boolean;
  /** In words: where it comes from, or why it can't be changed. */
  why?: string;
  /** It is not said here. */
  faint?: boolean;
  /** Undefined: it can't be changed here. */
  change?(on: boolean): void;
}

export interface Line {
  id: string;
  label: ReactNode;
  /** For search and those who can't see it. */
  text: string;
  about?: string;
  /** It opens lines of its own. */
  open?: boolean;
  deep?: boolean;
  toggle?(): void;
  ticks: (Tick | undefined)[];
}

interface Props {
  label: string;
  /** What its lines are. */
  of: string;
  columns: string[];
  /** Those that have the words in them, all that are open among them. */
  lines(words: string): Line[];
}

/** Rights as lines of ticks. It has one stop for the tabulator: arrows move, the space bar ticks, right and left open and close. */
export function Matrix({ label, of, columns, lines: among }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [words, setWords] = useState("");
  const [at, setAt] = useState<[line: number, column: number]>([0, 0]);
  const lines = among(words.trim().toLowerCase());
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 34,
    overscan: 12,
  });
  const go = (line: number, column: number) => {
    const next = Math.max(0, Math.min(line, lines.length - 1));
    setAt([next, Math.max(-1, Math.min(column, columns.length - 1))]);
    rows.scrollToIndex(next);
  };
  const keys = (event: KeyboardEvent) => {
    const [line, column] = at;
    const one = lines[line];
    const tick = column >= 0 ? one?.ticks[column] : undefined;
    if (event.key === "ArrowDown") go(line + 1, column);
    else if (event.key === "ArrowUp") go(line - 1, column);
    else if (event.key === "ArrowRight") {
      if (column < 0 && one?.toggle && !one.open) one.toggle();
      else go(line, column + 1);
    } else if (event.key === "ArrowLeft") {
      if (column < 0 && one?.open) one.toggle?.();
      else go(line, column - 1);
    } else if (event.key === " " || event.key === "Enter") {
      if (column < 0) one?.toggle?.();
      else tick?.change?.(!tick.on);
    } else return;
    event.preventDefault();
  };
  const cellId = (line: number, column: number) => `${id}-${lines[line]?.id}-${column}`;
  const grid = { gridTemplateColumns: `minmax(160px, 2fr) repeat(${columns.length}, minmax(64px, 1fr))` };
  return (
    <div className={css.matrix}>
      <TextInput
        size="xs"
        type="search"
        maw={280}
        leftSection={<IconSearch size={14} />}
        aria-label={t("studio.search")}
        placeholder={t("studio.search")}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setAt([0, 0]);
        }}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: a table of virtual lines */}
      <div
        ref={scroll}
        className={css.table}
        role="grid"
        aria-label={label}
        aria-rowcount={lines.length + 1}
        aria-activedescendant={lines[at[0]] ? cellId(...at) : undefined}
        tabIndex={0}
        onKeyDown={keys}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
        <div role="row" aria-rowindex={1} className={css.headings} style={grid}>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
          <span role="columnheader">{of}</span>
          {columns.map((one) => (
            // biome-ignore lint/a11y/useSemanticElements: as above
            // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
            <span role="columnheader" key={one}>
              {one}
            </span>
          ))}
        </div>
        <div className={css.lines} role="presentation" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const line = lines[row.index] as Line;
            const here = at[0] === row.index;
            return (
              // biome-ignore lint/a11y/useSemanticElements: as above
              // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
              <div
                key={line.id}
                role="row"
                aria-rowindex={row.index + 2}
                className={css.line}
                data-deep={line.deep}
                style={{ ...grid, transform: `translateY(${row.start}px)` }}
              >
                {/* biome-ignore lint/a11y/useSemanticElements: as above */}
                {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
                {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys */}
                <span
                  role="rowheader"
                  id={cellId(row.index, -1)}
                  aria-expanded={line.toggle ? line.open : undefined}
                  data-here={here && at[1] === -1}
                  className={css.named}
                  onClick={() => {
                    setAt([row.index, -1]);
                    line.toggle?.();
                  }}
                >
                  {line.toggle && (line.open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />)}
                  <span>{line.label}</span>
                  {line.about && <small>{line.about}</small>}
                </span>
                {line.ticks.map((tick, i) => (
                  // biome-ignore lint/a11y/useSemanticElements: as above
                  // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
                  <span
                    role="gridcell"
                    key={columns[i]}
                    id={cellId(row.index, i)}
                    aria-label={`${line.text}: ${columns[i]}`}
                    aria-selected={tick?.on ?? false}
                    aria-disabled={!tick?.change || undefined}
                    title={tick?.why}
                    className={css.cell}
                    data-on={tick?.on}
                    data-faint={tick?.faint}
                    data-here={here && at[1] === i}
                    onClick={() => {
                      setAt([row.index, i]);
                      tick?.change?.(!tick.on);
                    }}
                  >
                    {tick && <i aria-hidden>{tick.on ? "✓" : ""}</i>}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
