import { Select } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type PointerEvent, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type BoardQuery, board } from "~/api/board";
import { refusal, type Stored } from "~/api/client";
import { all } from "~/api/filters";
import { optionColour, optionLabel } from "~/fields/options";
import { useFormats } from "~/fields/useFormats";
import type { SumDoc } from "~/meta/documents";
import { asked, type Column, columnOf } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useDrag } from "~/ui/drag";
import { Failure } from "~/ui/Failure";
import { fieldsOf } from "../Fields";
import { Refusal } from "../Refusal";
import type { WayProps } from "../types";
import { useMoves } from "../useMoves";
import css from "./Board.module.css";
import { BoardColumnList } from "./Column";
import { mayEnter, valuesOf, withMoves } from "./moves";
import { Summary } from "./Summary";

/** Of fields on a card. */
const most = 5;
const none: SumDoc[] = [];

/** A list by the values of a field: cards go from one to another. */
export default function Board({ object, view, filter, q, sort, columns, onOpen }: WayProps) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const path = view?.group ?? object.doc.stages?.field;
  const by = useMemo(() => (path ? columnOf(model, object, path) : undefined), [model, object, path]);
  const [chosen, setChosen] = useState<string>();
  const [menu, setMenu] = useState<Stored>();
  const [told, setTold] = useState("");
  const frame = useRef<HTMLDivElement>(null);
  const moving = useMoves<unknown>(object);
  const { moves, question, move, cancel } = moving;

  const field = by?.field;
  const shown = useMemo(
    () => columns.filter((c) => c.path !== object.nameField && c.path !== path).slice(0, most),
    [columns, object, path],
  );
  const sum = view?.sum ?? none;
  const known = view !== undefined && object.views.includes(view);
  const only = all(view?.filter, filter);
  const query: BoardQuery = {
    view: known ? view.name : undefined,
    filter: known ? filter || undefined : only,
    only,
    q: q || undefined,
    by: path ?? "",
    refers: field?.targets[0],
    values: field && by?.path === field.name ? valuesOf(object, field) : undefined,
    fields: [...new Set([object.nameField, ...asked(by ? [...shown, by] : shown), ...added(sum, object.fields)])],
    sum,
    sort: sort.length > 0 ? sort : undefined,
  };
  const found = useQuery({
    queryKey: [me.tenant, object.name, "list", "board", query],
    queryFn: ({ signal }) => board(object.name, query, signal),
    enabled: by !== undefined,
    placeholderData: keepPreviousData,
  });
  const places = useMemo(
    () =>
      withMoves(
        found.data ?? [],
        moves.map((m) => ({ row: m.row, from: m.row[path ?? ""] ?? null, to: m.to })),
        sum,
      ),
    [found.data, moves, path, sum],
  );

  const labelOf = (value: unknown, name?: string | null) =>
    !field || value === null
      ? t("ways.nothing")
      : field.shows === "checkbox"
        ? value
          ? formats.yes
          : formats.no
        : (name ?? (field.targets.length > 0 ? formats.hidden : optionLabel(field, String(value), formats.language)));
  // Only a field of the object itself, that may be written, takes a card.
  const movable = field !== undefined && by?.path === field.name && field.editable && object.can.update;
  const put = (row: Stored, key: string) => {
    setMenu(undefined);
    const to = places.find((column) => keyOf(column.value) === key);
    if (!field || !to || (row[field.name] ?? null) === to.value) return;
    if (!mayEnter(object, field, row[field.name] ?? null, to.value)) return setTold(t("ways.not_from_here"));
    const name = String(row[object.nameField] ?? row.id);
    const told = t("ways.moved", { name, to: labelOf(to.value, to.name) });
    const returns = mayEnter(object, field, to.value, row[field.name] ?? null);
    void move({ row, to: to.value, values: { [field.name]: to.value }, told, returns });
  };
  const { dragged, start, ghost } = useDrag<Stored>({ onDrop: put, frame });
  const take = useCallback((event: PointerEvent<HTMLElement>, row: Stored) => start(event, row), [start]);

  if (!by || !field) return <Failure says={t("ways.no_group")} />;
  if (found.isError) {
    const why = refusal(found.error);
    return <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />;
  }
  const picked = places.find((column) => keyOf(column.value) === chosen) ?? places[0];
  const drawn = phone && picked ? [picked] : places;
  const from = dragged?.item[field.name] ?? null;
  return (
    <div className={css.way}>
      {phone && (
        <Select
          className={css.pick}
          label={field.label}
          size="md"
          allowDeselect={false}
          value={picked ? keyOf(picked.value) : null}
          data={places.map((c) => ({ value: keyOf(c.value), label: `${labelOf(c.value, c.name)} · ${c.count}` }))}
          onChange={(key) => setChosen(key ?? undefined)}
        />
      )}
      <div className={css.board} ref={frame} data-dragging={dragged !== undefined} data-stale={found.isPlaceholderData}>
        {drawn.map((column) => {
          const key = keyOf(column.value);
          const label = labelOf(column.value, column.name);
          return (
            <BoardColumnList
              key={key}
              name={key}
              label={label}
              colour={typeof column.value === "string" ? optionColour(field, column.value) : undefined}
              closed={dragged !== undefined && !mayEnter(object, field, from, column.value)}
              over={dragged?.over === key && from !== column.value}
              summary={<Summary object={object} sum={sum} sums={column.sums} formats={formats} />}
              object={object}
              query={query}
              column={column}
              away={moves}
              card={{
                object,
                columns: shown,
                formats,
                onTake: movable ? take : undefined,
                lifted: dragged?.item.id,
                menu: menu?.id,
                targets: movable
                  ? places
                      .filter((c) => c.value !== column.value)
                      .map((c) => ({
                        key: keyOf(c.value),
                        label: labelOf(c.value, c.name),
                        may: mayEnter(object, field, column.value, c.value),
                      }))
                  : [],
                onMenu: setMenu,
                onMove: put,
                onOpen,
                onCancel: cancel,
                asks: question?.row.id,
                question: question && <Refusal object={object} formats={formats} moving={moving} />,
              }}
            />
          );
        })}
        {found.isPending && [0, 1, 2, 3].map((i) => <div key={i} className={css.column} aria-hidden />)}
      </div>
      {dragged && (
        <div className={css.ghost} ref={ghost} style={{ width: dragged.width }}>
          <strong>{String(dragged.item[object.nameField] ?? dragged.item.id)}</strong>
          <div className={css.fields}>{fieldsOf(dragged.item, shown, formats)}</div>
        </div>
      )}
      <p className={css.told} role="status">
        {told}
      </p>
    </div>
  );
}

export const keyOf = (value: unknown) => (value === null ? "" : String(value));

/** The fields that a moved card takes from one sum to another. */
const added = (sum: BoardQuery["sum"], fields: Map<string, Column["field"]>) =>
  sum
    .flatMap((one) => (typeof one === "string" ? one : one.op === "sum" ? (one.field ?? []) : []))
    .filter((name) => fields.has(name));
