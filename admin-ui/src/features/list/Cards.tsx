import { useEffect, useRef } from "react";
import type { Stored } from "~/api/client";
import { type Formats, typeOf } from "~/fields";
import type { Column, ObjectModel } from "~/meta/model";
import css from "./ListPage.module.css";

interface Props {
  object: ObjectModel;
  columns: Column[];
  rows: Stored[];
  formats: Formats;
  onOpen(row: Stored): void;
  onEnd(): void;
}

/** The list on a phone: the name and up to three fields of the view. */
export function Cards({ object, columns, rows, formats, onOpen, onEnd }: Props) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && onEnd(), { rootMargin: "600px" });
    if (end.current) watch.observe(end.current);
    return () => watch.disconnect();
  }, [onEnd]);
  const others = columns.filter((c) => c.path !== object.nameField).slice(0, 3);
  return (
    <ul className={css.cards} aria-label={object.plural}>
      {rows.map((row) => (
        <li key={row.id}>
          <button type="button" className={css.card} onClick={() => onOpen(row)}>
            <strong>{String(row[object.nameField] ?? row.id)}</strong>
            {others.map(({ path, field, namePath }) => {
              const value = row[path];
              if (value === null || value === undefined) return null;
              return (
                <span key={path}>
                  {typeOf(field.shows).cell(value, {
                    field,
                    formats,
                    name: namePath && (row[namePath] as string | null),
                  })}
                </span>
              );
            })}
          </button>
        </li>
      ))}
      <li ref={end} />
    </ul>
  );
}
