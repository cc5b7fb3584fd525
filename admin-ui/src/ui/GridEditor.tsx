import { type ClipboardEvent, type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import css from "./Grid.module.css";
import type { GridChoice, GridColumn, GridProblem } from "./grid";

export interface EditorProps<R> {
  input: RefObject<HTMLTextAreaElement | null>;
  column: GridColumn<R>;
  row: R;
  rowHeight: number;
  /** Says which cell it is. */
  label: string;
  top: number;
  left: number;
  /** Whether there is room beneath for a list. */
  below: boolean;
  /** It stays in sight however far others are scrolled sideways. */
  pinned: boolean;
  problem?: GridProblem;
  /** What is typed; undefined while the cell is only in focus. */
  typed: string | undefined;
  nothing: string;
  onTyped(text: string | undefined): void;
  /** Keys that the cell in focus does not use itself. */
  onKey(event: KeyboardEvent): void;
  /** It is stored, and the attention goes on: 1 and -1 to the neighbours. */
  onDone(go: -1 | 0 | 1): void;
  onCopy(event: ClipboardEvent): void;
  onPaste(event: ClipboardEvent): void;
  onLeave(): void;
}

/**
 * The one editor of a grid. A real input lies over the cell in focus from the beginning, not to be seen, so that
 * an input method composes its first letter in it; once something is typed it is seen.
 */
export function GridEditor<R>(props: EditorProps<R>) {
  const { input, column, row, typed, problem, onTyped, onDone } = props;
  const edit = column.edit;
  const editing = typed !== undefined;
  const [wrong, setWrong] = useState<string>();
  const [found, setFound] = useState<GridChoice[]>();
  const [at, setAt] = useState(-1);
  const composing = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another cell begins anew
  useEffect(() => setWrong(undefined), [column, row]);
  useEffect(() => {
    if (!editing || !edit?.choices) {
      setFound(undefined);
      return;
    }
    const asking = new AbortController();
    // What is not typed yet, but stands there, is no word to search by.
    const words = typed === column.title(row) ? "" : typed;
    const wait = setTimeout(
      () => {
        edit.choices?.(row, words, asking.signal).then(
          (choices) => {
            setFound(choices);
            setAt(words ? 0 : -1);
          },
          () => undefined,
        );
      },
      words ? 80 : 0,
    );
    return () => {
      clearTimeout(wait);
      asking.abort();
    };
  }, [editing, typed, edit, column, row]);

  const store = (go: -1 | 0 | 1, choice?: GridChoice) => {
    if (!edit || typed === undefined) return;
    const same = !choice && typed === column.title(row) && !problem;
    const says = same ? undefined : edit.commit(row, typed, choice);
    if (says) {
      setWrong(says);
      return;
    }
    onDone(go);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || composing.current) return;
    if (!editing) {
      props.onKey(event);
      return;
    }
    if (event.key === "Escape") {
      setWrong(undefined);
      onTyped(undefined);
    } else if (event.key === "Enter" && event.altKey) {
      onTyped(`${typed}\n`);
    } else if (event.key === "Enter") store(0, found?.[at]);
    else if (event.key === "Tab") store(event.shiftKey ? -1 : 1, found?.[at]);
    else if (found && event.key === "ArrowDown") setAt(Math.min(found.length - 1, at + 1));
    else if (found && event.key === "ArrowUp") setAt(Math.max(0, at - 1));
    else {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const says = editing ? (wrong ?? (problem?.typed === typed ? problem?.says : undefined)) : problem?.says;
  return (
    <div
      className={css.editor}
      data-pinned={props.pinned ? true : undefined}
      style={{ transform: `translateY(${props.top}px)`, left: props.left, width: column.width }}
    >
      <textarea
        ref={input}
        className={css.input}
        data-editing={editing}
        data-align={column.align}
        aria-label={props.label}
        aria-invalid={says ? true : undefined}
        aria-describedby={says ? "cell-problem" : undefined}
        aria-autocomplete={edit?.choices ? "list" : undefined}
        aria-controls={found ? "cell-choices" : undefined}
        rows={1}
        tabIndex={-1}
        autoComplete="off"
        spellCheck={false}
        inputMode={edit?.inputMode}
        readOnly={edit?.may(row) !== true || !!edit.toggle}
        value={typed ?? ""}
        style={
          typed?.includes("\n") ? { height: props.rowHeight * Math.min(6, typed.split("\n").length + 1) } : undefined
        }
        onCompositionStart={() => {
          composing.current = true;
          if (!editing) onTyped("");
        }}
        onCompositionEnd={() => {
          composing.current = false;
        }}
        onChange={(event) => {
          setWrong(undefined);
          onTyped(event.currentTarget.value);
        }}
        onKeyDown={keys}
        onCopy={(event) => !editing && props.onCopy(event)}
        onPaste={(event) => !editing && props.onPaste(event)}
        onBlur={(event) => {
          if (event.relatedTarget instanceof Node && event.currentTarget.parentElement?.contains(event.relatedTarget))
            return;
          if (editing) store(0);
          props.onLeave();
        }}
      />
      {says && (
        <div id="cell-problem" className={css.problem} role="alert" data-up={!props.below}>
          {says}
        </div>
      )}
      {editing && found && !says && (
        <div id="cell-choices" className={css.choices} role="listbox" aria-label={column.label} data-up={!props.below}>
          {found.length === 0 && <div className={css.none}>{props.nothing}</div>}
          {found.map((one, i) => (
            <div
              key={one.value}
              className={css.choice}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              aria-label={one.label}
              aria-description={one.about}
              onPointerDown={(event) => {
                event.preventDefault();
                store(0, one);
              }}
            >
              {one.label}
              {one.about && <span className="quiet small"> {one.about}</span>}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
