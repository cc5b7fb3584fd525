import { useEffect, useRef } from "react";
import { type Formats, typeOf } from "~/fields";
import { optionColour } from "~/fields/options";
import type { Column, ObjectModel } from "~/meta/model";
import css from "./ListPage.module.css";
import type { Rows } from "./rows";

interface Props {
  object: ObjectModel;
  columns: Column[];
  rows: Rows;
  formats: Formats;
  onOpen(id: string): void;
}

/** The list on a phone: the name and up to three fields of the view, the colour of an option at the edge. */
export function Cards({ object, columns, rows, formats, onOpen }: Props) {
  const end = useRef<HTMLLIElement>(null);
  const { want, loaded } = rows;
  useEffect(() => {
    const watch = new IntersectionObserver(
      ([seen]) => seen?.isIntersecting && want(Math.max(0, loaded.length - 50), loaded.length),
      {
        rootMargin: "600px",
      },
    );
    if (end.current) watch.observe(end.current);
    return () => watch.disconnect();
  }, [want, loaded.length]);
  const others = columns.filter((c) => c.path !== object.nameField).slice(0, 3);
  const coloured = columns.find((c) => c.field.shows === "picklist");
  return (
    <ul className={css.cards} aria-label={object.plural}>
      {loaded.map((row) => (
        <li key={row.id}>
          <button
            type="button"
            className={css.card}
            data-colour={
              coloured && row[coloured.path] ? optionColour(coloured.field, String(row[coloured.path])) : undefined
            }
            onClick={() => onOpen(row.id as string)}
          >
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
