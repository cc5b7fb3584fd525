import { useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Stored } from "~/api/client";
import { type Formats, typeOf } from "~/fields";
import { useRowHeight } from "~/meta/density";
import type { Column, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { undoLast } from "~/ui/commands";
import { Grid } from "~/ui/Grid";
import type { GridColumn, GridLine, Place } from "~/ui/grid";
import { notify } from "~/ui/notices";
import { cellEdit, type Says, shownText } from "./edit/cells";
import { type Table as Cells, empty, fillDown, paste } from "./edit/paste";
import type { Edits } from "./edit/useEdits";
import { headOf } from "./groups";
import type { Rows } from "./rows";
import type { Selection } from "./selection";
import { useGridKeys } from "./useGridKeys";

interface Props {
  object: ObjectModel;
  columns: Column[];
  widths: Record<string, number>;
  sums: Record<string, string>;
  sort: string[];
  formats: Formats;
  rows: Rows;
  edits: Edits;
  selection: Selection;
  focus: Place;
  onFocus(place: Place): void;
  onTyping(typing: boolean): void;
  onOpen(id: string): void;
  /** The pointer rests on the way to a record. */
  onPointed(id: string): void;
  onPeek(id: string): void;
  onGroup(id: string): void;
  onSort(path: string): void;
  onMove(path: string, before: string): void;
  onResize(path: string, width: number): void;
}

/** The sentences about cells. */
function useSays(): Says {
  const { t } = useTranslation();
  return useMemo(
    () => ({
      computed: t("list.cell.computed"),
      noRight: t("list.cell.no_right"),
      elsewhere: t("list.cell.elsewhere"),
      required: t("list.cell.required"),
      noSuch: t("list.cell.no_such"),
      unreadable: (shows) =>
        t(
          shows === "date" || shows === "datetime"
            ? "unreadable.date"
            : shows === "duration"
              ? "unreadable.duration"
              : ["number", "currency", "percent"].includes(shows)
                ? "unreadable.number"
                : "list.cell.unreadable",
        ),
    }),
    [t],
  );
}

/** The list as a table: draws the rows of a list in the grid, and says what editing does. */
export function Table(props: Props) {
  useGridKeys();
  const { object, columns, widths, sums, sort, formats, rows, edits, selection, focus, onFocus } = props;
  const { t } = useTranslation();
  const { model } = useSession();
  const says = useSays();
  const rowHeight = useRowHeight();
  const count = rows.count + edits.made.length;

  const { write, refuse } = edits;
  const drawn = useMemo(
    () =>
      columns.map((c) =>
        gridColumn(
          object,
          c,
          sort,
          formats,
          widths[c.path],
          cellEdit(model, object, c, formats, { write, refuse } as Edits, says),
          t("list.sort_masked"),
        ),
      ),
    [columns, object, sort, formats, widths, model, write, refuse, says, t],
  );
  const summed = useMemo(
    () => (Object.keys(sums).length > 0 ? drawn.map((c) => ({ ...c, sum: sums[c.key] ?? "" })) : drawn),
    [drawn, sums],
  );

  // A line stays the same object while nothing of it has changed, so that its row is not drawn again.
  const lines = useRef(new WeakMap<Stored, GridLine<Stored>>());
  const line = (index: number): GridLine<Stored> => {
    const extra = index >= rows.count ? edits.made[index - rows.count] : undefined;
    const at = extra ? undefined : rows.at(index);
    if (at?.head) return headOf(at.segment);
    const row = extra ?? (at?.head === false ? at.row : undefined);
    if (!row) return waiting;
    const id = row.id as string;
    const problems = edits.problems[id];
    const mark = edits.strangers.has(id) ? t("list.left") : undefined;
    const kept = lines.current.get(row);
    if (kept?.kind === "row" && kept.mark === mark && kept.problems === problems) return kept;
    const made: GridLine<Stored> = { kind: "row", id, row, mark, problems };
    lines.current.set(row, made);
    return made;
  };
  const rowOf = (index: number) => {
    const one = index < count ? line(index) : undefined;
    return one?.kind === "row" ? one.row : undefined;
  };
  const cells: Cells = { model, object, columns, formats, edits, says, count, row: rowOf, tell };

  // A row that was changed takes its place once it is left.
  const here = rowOf(focus.row)?.id as string | undefined;
  const attended = useRef<{ id?: string; row: number }>({ row: focus.row });
  useEffect(() => {
    // What is asked for anew begins where the attention is, whichever row that was.
    if (rows.old) {
      attended.current = { row: focus.row };
      return;
    }
    const was = attended.current;
    if (was.row === focus.row && was.id && here !== was.id) {
      // The rows moved, not the attention: it goes where its row went.
      const line = rows.lineOf(was.id);
      if (line >= 0) {
        attended.current = { id: was.id, row: line };
        onFocus({ ...focus, row: line });
        return;
      }
    }
    if (was.id !== here && was.id && was.row !== focus.row && !edits.made.some((row) => row.id === here))
      edits.settle();
    attended.current = { id: here, row: focus.row };
  }, [here, focus, rows, edits, onFocus]);

  const seen = useCallback((from: number, to: number) => rows.want(from, to), [rows.want]);
  return (
    <Grid
      label={object.plural}
      columns={summed}
      rowHeight={rowHeight}
      count={count}
      line={line}
      dim={rows.old}
      focus={focus}
      onFocus={onFocus}
      onOpen={(row) => props.onOpen(row.id as string)}
      onPointed={(row) => props.onPointed(row.id as string)}
      onPeek={(row) => props.onPeek(row.id as string)}
      onGroup={props.onGroup}
      onSort={props.onSort}
      onMove={props.onMove}
      onResize={props.onResize}
      onSeen={seen}
      chosen={selection}
      onChoose={(index, through) => {
        const from = through ? Math.min(selection.anchor ?? focus.row, index) : index;
        const to = through ? Math.max(selection.anchor ?? focus.row, index) : index;
        const ids: string[] = [];
        for (let i = from; i <= to; i++) {
          const one = rowOf(i);
          if (one) ids.push(one.id as string);
        }
        selection.choose(ids, through, through ? (selection.anchor ?? focus.row) : index);
      }}
      onChooseAll={selection.toggleAll}
      onPaste={(at, block) => void paste(cells, at, block)}
      onFill={(block) => void fillDown(cells, block)}
      onEmpty={(block) => void empty(cells, block)}
      onUndo={() => void undoLast()}
      onTyping={props.onTyping}
      texts={{
        all: t("list.choose_all"),
        resize: t("list.resize"),
        nothing: t("record.nothing_found"),
        sum: t("list.summed"),
      }}
    />
  );
}

const tell = (text: string) => void notify({ text, tone: "bad" });
const widest = 240; // px that a label may ask for
const waiting: GridLine<Stored> = { kind: "waiting" };

function gridColumn(
  object: ObjectModel,
  column: Column,
  sort: string[],
  formats: Formats,
  width: number | undefined,
  edit: GridColumn<Stored>["edit"],
  unsorted: string,
): GridColumn<Stored> {
  const { path, field, namePath, label } = column;
  const type = typeOf(field.shows);
  const has = (row: Stored) => row[path] !== null && row[path] !== undefined;
  const cell = (row: Stored) =>
    has(row) ? type.cell(row[path], { field, formats, name: namePath && (row[namePath] as string | null) }) : null;
  return {
    key: path,
    label,
    width: width ?? Math.max(type.width, Math.min(widest, 24 + label.length * 8)),
    grows: path === object.nameField && width === undefined,
    align: type.align,
    unsorted: field.masked ? unsorted : undefined,
    sorted: sort[0] === path ? "asc" : sort[0] === `-${path}` ? "desc" : undefined,
    cell:
      path === object.nameField
        ? (row) => (
            <a data-open="" href={`/o/${object.name}/${row.id}`} tabIndex={-1}>
              {has(row) ? String(row[path]) : (row.id as string)}
            </a>
          )
        : cell,
    title: (row) => shownText(row, column, formats),
    edit,
  };
}
