import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback, useMediaQuery } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { type ComponentType, Suspense, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { refusal, type Stored } from "~/api/client";
import { list } from "~/api/records";
import { typeOf } from "~/fields";
import { useFormats } from "~/fields/useFormats";
import { say, type ViewDoc } from "~/meta/documents";
import { asked, type Column, columnOf, type Model, type ObjectModel } from "~/meta/model";
import { useObject, useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Grid, type GridColumn } from "~/ui/Grid";
import { Title } from "~/ui/Title";
import { Cards } from "./Cards";
import css from "./ListPage.module.css";

const page = 100;

/** What a way of showing a list is given. */
interface Way {
  object: ObjectModel;
  view?: ViewDoc;
  filter: string;
  q: string;
  sort: string[];
  columns: Column[];
  onOpen(id: string): void;
}

/** What files in and out are given. */
interface Transfer {
  object: ObjectModel;
  listed: { filter?: string; q?: string; sort?: string[]; fields?: string[] };
}

interface Props {
  /** Besides the table, by what views say in `show`. */
  ways: Record<string, ComponentType<Way>>;
  /** Files in and out. */
  transfer: ComponentType<Transfer>;
}

export function ListPage({ ways, transfer }: Props) {
  const { t } = useTranslation();
  const object = useObject(useParams().object);
  if (!object) return <Failure says={t("record.not_found")} />;
  return <List key={object.name} object={object} ways={ways} transfer={transfer} />;
}

/** The address holds what is shown: the view, the words, the order. */
function List({ object, ways, transfer: Transfer }: Props & { object: ObjectModel }) {
  const { t, i18n } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const go = useNavigate();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const [at, setAt] = useSearchParams();
  const [focus, setFocus] = useState(0);
  const view =
    object.views.find((v) => v.name === at.get("view")) ?? (at.get("view") === "" ? undefined : object.views[0]);
  const q = at.get("q") ?? "";
  const sort = at.get("sort")?.split(",").filter(Boolean) ?? view?.sort ?? [];
  const Way = ways[at.get("as") ?? view?.show ?? ""];
  const columns = useMemo(() => columnsOf(model, object, view?.columns), [model, object, view]);

  const query = {
    view: view?.name,
    q: q || undefined,
    filter: at.get("filter") || undefined,
    sort: sort.length > 0 ? sort : undefined,
    fields: asked(columns),
    limit: page,
  };
  const found = useInfiniteQuery({
    queryKey: [me.tenant, object.name, "list", query],
    queryFn: ({ pageParam, signal }) =>
      list(object.name, { ...query, cursor: pageParam, count: pageParam ? undefined : "true" }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    enabled: !Way,
  });
  const rows = useMemo(() => found.data?.pages.flatMap((p) => p.items) ?? [], [found.data]);
  const first = found.data?.pages[0];
  const count = found.hasNextPage
    ? Math.max(rows.length + 1, Math.min(first?.total ?? 0, rows.length + page))
    : rows.length;

  const set = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(at);
    for (const [key, value] of Object.entries(changes)) value === undefined ? next.delete(key) : next.set(key, value);
    setFocus(0);
    setAt(next, { replace: true });
  };
  const search = useDebouncedCallback((words: string) => set({ q: words || undefined }), 200);
  const open = (row: Stored) => go(`/o/${object.name}/${row.id}`);
  const more = useCallback(() => {
    if (found.hasNextPage && !found.isFetching) void found.fetchNextPage();
  }, [found.hasNextPage, found.isFetching, found.fetchNextPage]);

  const drawn = useMemo(() => columns.map((c) => gridColumn(c, sort, formats)), [columns, sort, formats]);
  const why = refusal(found.error);
  return (
    <section className={css.page}>
      <header className={css.head}>
        <Title>{object.plural}</Title>
        <h1>{object.plural}</h1>
        {first?.total !== undefined && (
          <span className="quiet">
            {t(first.total_more ? "list.total_more" : "list.total", { count: first.total })}
          </span>
        )}
        <span className={css.space} />
        {object.can.create && (
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => set({ new: "" })}>
            {t("list.new")}
          </Button>
        )}
        <Transfer object={object} listed={{ filter: view?.filter, q, sort, fields: columns.map((c) => c.path) }} />
      </header>
      <nav className={css.views} aria-label={t("list.choose")}>
        {object.views.map((v) => (
          <button
            type="button"
            key={v.name}
            aria-current={v === view ? "page" : undefined}
            onClick={() => set({ view: v.name, sort: undefined })}
          >
            {say(v.label, i18n.language, v.name)}
          </button>
        ))}
        <span className={css.space} />
        <TextInput
          size="xs"
          type="search"
          aria-label={t("list.search")}
          placeholder={t("list.search")}
          leftSection={<IconSearch size={14} />}
          defaultValue={q}
          onChange={(e) => search(e.currentTarget.value)}
        />
      </nav>
      {Way ? (
        <Suspense fallback={null}>
          <Way
            object={object}
            view={view}
            filter={at.get("filter") ?? ""}
            q={q}
            sort={sort}
            columns={columns}
            onOpen={(id) => go(`/o/${object.name}/${id}`)}
          />
        </Suspense>
      ) : found.isError ? (
        <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />
      ) : found.isSuccess && rows.length === 0 ? (
        <div className={css.none}>
          <p>{q || view?.filter ? t("list.no_match") : t("list.none", { object: object.label })}</p>
          {q && (
            <Button size="xs" variant="default" onClick={() => set({ q: undefined })}>
              {t("list.clear")}
            </Button>
          )}
        </div>
      ) : phone ? (
        <Cards object={object} columns={columns} rows={rows} formats={formats} onOpen={open} onEnd={more} />
      ) : (
        <Grid
          label={object.plural}
          columns={drawn}
          count={found.isPending ? 20 : count}
          row={(i) => rows[i]}
          keyOf={(r) => r.id}
          focus={focus}
          onFocus={setFocus}
          onOpen={open}
          onSort={(key) => set({ sort: sort[0] === key ? `-${key}` : sort[0] === `-${key}` ? undefined : key })}
          onEnd={more}
        />
      )}
    </section>
  );
}

/** The columns of a view; without one, the name and the first fields of the object. */
function columnsOf(model: Model, object: ObjectModel, paths: string[] | undefined): Column[] {
  const wanted =
    paths ?? [object.nameField, ...[...object.fields.keys()].filter((f) => f !== object.nameField)].slice(0, 6);
  return wanted.flatMap((path) => columnOf(model, object, path) ?? []);
}

function gridColumn(column: Column, sort: string[], formats: ReturnType<typeof useFormats>): GridColumn<Stored> {
  const { path, field, namePath, label } = column;
  const type = typeOf(field.shows);
  const shown = (row: Stored) => ({ field, formats, name: namePath && (row[namePath] as string | null) });
  const has = (row: Stored) => row[path] !== null && row[path] !== undefined;
  return {
    key: path,
    label,
    width: Math.max(type.width, 24 + label.length * 8),
    align: type.align,
    sorted: sort[0] === path ? "asc" : sort[0] === `-${path}` ? "desc" : undefined,
    cell: (row) => (has(row) ? type.cell(row[path], shown(row)) : null),
    title: (row) => (has(row) ? type.text(row[path], shown(row)) : ""),
  };
}
