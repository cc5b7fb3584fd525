import { useMediaQuery } from "@mantine/hooks";
import { Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { refusal } from "~/api/client";
import { useFormats } from "~/fields/useFormats";
import { useFields, useUses } from "~/filter/fields";
import type { ObjectModel } from "~/meta/model";
import { useSetting } from "~/meta/settings";
import { Failure } from "~/ui/Failure";
import type { Place } from "~/ui/grid";
import { BulkBar } from "./BulkBar";
import { Cards } from "./Cards";
import { Choosing } from "./Choosing";
import { ListMenus } from "./columns/ListMenus";
import { Empty } from "./Empty";
import { FilterBar } from "./filter/FilterBar";
import { ListHead } from "./ListHead";
import type { Parts } from "./ListPage";
import css from "./ListPage.module.css";
import { PeekPanel } from "./PeekPanel";
import { PhoneSheet } from "./PhoneSheet";
import type { ListState } from "./state";
import { Table } from "./Table";
import { useKeys } from "./useKeys";
import { useList } from "./useList";
import type { Views } from "./views/useViews";
import { ViewTabs } from "./views/ViewTabs";

interface Props extends Parts {
  object: ObjectModel;
  views: Views;
  state: ListState;
}

export function List({ object, views, state, ways, transfer, Ahead, Peek }: Props) {
  const { t } = useTranslation();
  const go = useNavigate();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const [focus, setFocus] = useState<Place>({ row: 0 });
  const [typing, setTyping] = useState(false);
  const [sorting, setSorting] = useState(false);
  const [pointed, setPointed] = useState<string>();
  const search = useRef<HTMLInputElement>(null);
  const filter = useRef<HTMLInputElement>(null);
  const Way = state.as === "table" ? undefined : ways[state.as];
  // Sums are of what can be added up; whatever else asks what fields are good for is opened by somebody first.
  const [attended, setAttended] = useState(false);
  const [wanted, setChoosing] = useState(false);
  const uses = useUses(object, attended || state.sum);
  const fields = useFields(object, uses);
  const data = useList(object, state, uses, formats, typing, Way === undefined, phone);
  const { rows, columns, edits, selection } = data;
  // What was chosen in a wider window is still chosen here.
  const choosing = wanted || selection.but || selection.ids.size > 0;
  const [widths = noWidths, setWidths] = useSetting<Record<string, number>>(`widths.${object.name}`);

  const open = useCallback((id: string) => go(`/o/${object.name}/${id}`), [go, object.name]);
  const view = useCallback(
    (name: string) => state.set({ ...nothing, view: name, ...views.kept[name] }),
    [state.set, views.kept],
  );
  const peek = useCallback((id: string | undefined) => state.set({ peek: id }), [state.set]);
  useKeys({ state, views, ways, search, filter, onSort: () => setSorting(true), onView: view });

  const focusOn = (place: Place) => {
    setFocus(place);
    if (!state.peek || place.row === focus.row) return;
    const at = place.row < rows.count ? rows.at(place.row) : undefined;
    if (at && !at.head && at.row) peek(at.row.id as string);
  };
  const sortBy = (path: string) => {
    const [first] = state.sort;
    state.set({ sort: first === path ? `-${path}` : first === `-${path}` ? undefined : path });
  };
  const shown = columns.map((c) => c.path);
  const total =
    data.total === undefined
      ? undefined
      : t(rows.more && !data.exact ? "list.total_more" : "list.total", { count: data.total });
  const why = refusal(data.error);
  // While somebody scrolls only the rows are drawn anew.
  const tools = useMemo(
    () => (
      // Whatever is opened or typed into here has the pointer over it or the focus before.
      // biome-ignore lint/a11y/noStaticElementInteractions: what can be done is done by the controls within
      <div className={css.tools} onFocus={() => setAttended(true)} onPointerEnter={() => setAttended(true)}>
        <FilterBar
          fields={fields}
          formats={formats}
          filter={state.filter}
          box={filter}
          onChange={(text) => state.set({ filter: text })}
        />
        <ListMenus
          object={object}
          state={state}
          columns={columns}
          uses={uses}
          ways={new Set(Object.keys(ways))}
          sorting={sorting}
          onSorting={setSorting}
        />
      </div>
    ),
    [fields, formats, state, object, columns, uses, ways, sorting],
  );
  const tabs = useMemo(
    () => <ViewTabs object={object} views={views} state={state} total={total} onView={view} />,
    [object, views, state, total, view],
  );
  return (
    <section className={css.page}>
      <ListHead object={object} state={state} columns={columns} phone={phone} transfer={transfer} search={search} />
      {tabs}
      {phone ? (
        <PhoneSheet
          state={state}
          fields={fields}
          formats={formats}
          uses={uses}
          ways={new Set(Object.keys(ways))}
          onAttended={() => setAttended(true)}
        >
          {!Way && rows.count > 0 && <Choosing choosing={choosing} selection={selection} onChoosing={setChoosing} />}
        </PhoneSheet>
      ) : (
        tools
      )}
      <div className={css.beside}>
        {Way ? (
          <Suspense fallback={null}>
            <Way
              object={object}
              view={state.filtered && state.view ? { ...state.view, filter: undefined } : state.view}
              filter={state.filtered ? state.filter : ""}
              q={state.q}
              sort={state.sort}
              columns={columns}
              onOpen={open}
            />
          </Suspense>
        ) : data.error ? (
          <Failure says={why?.errors?.[0]?.detail ?? why?.detail} id={why?.id} again={rows.again} />
        ) : !rows.pending && rows.count === 0 && edits.made.length === 0 ? (
          <Empty object={object} state={state} fields={fields} formats={formats} />
        ) : phone ? (
          <Cards
            object={object}
            columns={columns}
            rows={rows}
            formats={formats}
            choosing={choosing}
            selection={selection}
            onOpen={open}
          />
        ) : (
          <Table
            object={object}
            columns={columns}
            widths={widths}
            sums={data.sums}
            sort={state.sort}
            formats={formats}
            rows={rows}
            edits={edits}
            selection={selection}
            focus={focus}
            onFocus={focusOn}
            onTyping={setTyping}
            onOpen={open}
            onPointed={setPointed}
            onPeek={(id) => peek(state.peek === id ? undefined : id)}
            onGroup={data.onGroup}
            onSort={sortBy}
            onMove={(path, before) => {
              const rest = shown.filter((one) => one !== path);
              // To the right it goes behind the one that it is dropped on.
              const at = rest.indexOf(before) + (shown.indexOf(path) < shown.indexOf(before) ? 1 : 0);
              state.set({ columns: [...rest.slice(0, at), path, ...rest.slice(at)].join(",") });
            }}
            onResize={(path, width) => setWidths({ ...widths, [path]: width })}
          />
        )}
        {state.peek && !phone && (
          <PeekPanel
            object={object}
            id={state.peek}
            onClose={() => peek(undefined)}
            onOpen={open}
            onStep={(by) => {
              const line = Math.max(0, Math.min(rows.count - 1, rows.lineOf(state.peek as string) + by));
              focusOn({ row: line });
            }}
          >
            <Peek object={object} id={state.peek} key={state.peek} />
          </PeekPanel>
        )}
      </div>
      {!rows.pending && (
        <Suspense fallback={null}>
          <Ahead object={object} id={pointed} />
        </Suspense>
      )}
      {(selection.but || selection.ids.size > 0) && !Way && (
        <BulkBar
          object={object}
          query={data.query}
          filter={state.filter}
          selection={selection}
          count={data.chosen}
          formats={formats}
        />
      )}
    </section>
  );
}

const noWidths: Record<string, number> = {};
const nothing = {
  filter: undefined,
  sort: undefined,
  columns: undefined,
  group: undefined,
  sum: undefined,
  as: undefined,
  peek: undefined,
  q: undefined,
};
