import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { all } from "~/api/filters";
import { list } from "~/api/records";
import { useFormats } from "~/fields/useFormats";
import { asked } from "~/meta/model";
import { useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { fieldsOf } from "../Fields";
import type { WayProps } from "../types";
import css from "./Gallery.module.css";
import { pictureOf } from "./picture";

const page = 60;
/** Of fields on a card. */
const most = 4;

/** Cards with a picture. */
export default function Gallery({ object, view, filter, q, sort, columns, onOpen }: WayProps) {
  const { t } = useTranslation();
  const { me } = useSession();
  const formats = useFormats();
  const end = useRef<HTMLLIElement>(null);
  const picture = view?.picture
    ? object.fields.get(view.picture)
    : [...object.fields.values()].find((field) => field.shows === "image");
  const shown = useMemo(
    () => columns.filter((c) => c.path !== object.nameField && c.field !== picture).slice(0, most),
    [columns, object, picture],
  );
  const query = {
    filter: all(view?.filter, filter),
    q: q || undefined,
    sort: sort.length > 0 ? sort : undefined,
    fields: [...new Set([object.nameField, ...asked(shown), ...(picture ? [picture.name] : [])])],
    limit: page,
  };
  const found = useInfiniteQuery({
    queryKey: [me.tenant, object.name, "list", "gallery", query],
    queryFn: ({ pageParam, signal }) => list(object.name, { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const { hasNextPage, isFetching, fetchNextPage } = found;
  useEffect(() => {
    if (!hasNextPage || isFetching) return;
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && void fetchNextPage(), {
      rootMargin: "600px",
    });
    if (end.current) watch.observe(end.current);
    return () => watch.disconnect();
  }, [hasNextPage, isFetching, fetchNextPage]);
  if (found.isError) {
    const why = refusal(found.error);
    return <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />;
  }
  const rows = found.data?.pages.flatMap((p) => p.items) ?? [];
  if (found.isSuccess && rows.length === 0) return <p className={css.none}>{t("list.no_match")}</p>;
  return (
    <ul className={css.gallery} data-stale={found.isPlaceholderData} aria-label={object.plural}>
      {rows.map((row) => {
        const name = String(row[object.nameField] ?? row.id);
        const seen = picture && pictureOf(row[picture.name]);
        return (
          <li key={row.id} className={css.card} data-card={row.id}>
            {seen ? (
              <img src={seen.src} alt={seen.alt || name} loading="lazy" className={css.picture} />
            ) : (
              <div className={css.blank} aria-hidden>
                {[...name][0]}
              </div>
            )}
            <a
              href={`/o/${object.name}/${row.id}`}
              onClick={(event) => {
                if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                event.preventDefault();
                onOpen(row.id);
              }}
            >
              {name}
            </a>
            <div className={css.fields}>{fieldsOf(row, shown, formats)}</div>
          </li>
        );
      })}
      {hasNextPage && <li ref={end} className={css.end} />}
    </ul>
  );
}
