import { useInfiniteQuery } from "@tanstack/react-query";
import { type PointerEvent, type ReactNode, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type BoardColumn, type BoardQuery, cards } from "~/api/board";
import type { Stored } from "~/api/client";
import type { Formats } from "~/fields";
import type { Column, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Board.module.css";
import { Card, type Target } from "./Card";

/** What all cards of a board share. Ids say of which card something is open. */
interface CardProps {
  object: ObjectModel;
  columns: Column[];
  formats: Formats;
  onTake?(event: PointerEvent<HTMLElement>, row: Stored): void;
  lifted?: string;
  menu?: string;
  targets: Target[];
  onMenu(row: Stored | undefined): void;
  onMove(row: Stored, to: string): void;
  onOpen(id: string): void;
  asks?: string;
  question?: ReactNode;
  onCancel(): void;
}

interface Props {
  name: string;
  label: string;
  colour?: string;
  /** The card that is dragged may not enter. */
  closed: boolean;
  over: boolean;
  summary: ReactNode;
  object: ObjectModel;
  query: BoardQuery;
  column: BoardColumn;
  /** The records that were moved and may still be told of here. */
  away: { row: Stored; to: unknown }[];
  card: CardProps;
}

export function BoardColumnList({
  name,
  label,
  colour,
  closed,
  over,
  summary,
  object,
  query,
  column,
  away,
  card,
}: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const end = useRef<HTMLLIElement>(null);
  const more = useInfiniteQuery({
    queryKey: [me.tenant, object.name, "list", "board", query, "more", column.value, column.next],
    queryFn: ({ pageParam, signal }) => cards(object.name, query, column, pageParam, signal),
    initialPageParam: column.next,
    getNextPageParam: (last) => last.next ?? undefined,
    enabled: false,
  });
  const rows = useMemo(() => {
    const gone = new Set(away.filter((m) => m.to !== column.value).map((m) => m.row.id));
    const known = new Map<string, Stored>();
    for (const row of [...column.items, ...(more.data?.pages.flatMap((p) => p.items) ?? [])])
      if (!gone.has(row.id) && !known.has(row.id)) known.set(row.id, row);
    return [...known.values()];
  }, [column, more.data, away]);
  const left = column.next !== undefined && (more.data === undefined || more.hasNextPage);
  const { fetchNextPage, refetch, isFetching } = more;
  const begun = more.data !== undefined;
  useEffect(() => {
    if (!left || isFetching) return;
    const watch = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting) void (begun ? fetchNextPage() : refetch());
      },
      { rootMargin: "400px" },
    );
    if (end.current) watch.observe(end.current);
    return () => watch.disconnect();
  }, [left, isFetching, begun, fetchNextPage, refetch]);

  const { lifted, menu, targets, asks, question, ...shared } = card;
  return (
    <section
      className={css.column}
      data-drop={name}
      data-closed={closed}
      data-over={over && !closed}
      aria-label={label}
    >
      <header className={css.heading} data-colour={colour}>
        <h2>{label}</h2>
        <span className="quiet">{column.count}</span>
        <span className={css.space} />
        {closed ? <span className="small quiet">{t("ways.not_from_here")}</span> : summary}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <ul className={css.cards} tabIndex={0} aria-label={label}>
        {rows.map((row) => (
          <Card
            key={row.id}
            {...shared}
            row={row}
            lifted={lifted === row.id}
            targets={menu === row.id ? targets : undefined}
            question={asks === row.id ? question : undefined}
          />
        ))}
        {left && <li ref={end} className={css.end} />}
      </ul>
    </section>
  );
}
