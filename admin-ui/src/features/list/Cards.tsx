import { IconSquare, IconSquareCheckFilled } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { type Formats, typeOf } from "~/fields";
import { optionColour } from "~/fields/options";
import type { Column, ObjectModel } from "~/meta/model";
import css from "./ListPage.module.css";
import type { Rows } from "./rows";
import type { Selection } from "./selection";

interface Props {
  object: ObjectModel;
  columns: Column[];
  rows: Rows;
  formats: Formats;
  /** Cards are chosen, not opened. */
  choosing: boolean;
  selection: Selection;
  onOpen(id: string): void;
}

/** The list on a phone: the name and up to three fields of the view, the colour of an option at the edge. */
export function Cards({ object, columns, rows, formats, choosing, selection, onOpen }: Props) {
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
      {loaded.map((row, index) => (
        <li key={row.id}>
          <button
            type="button"
            className={css.card}
            {...(choosing && { role: "checkbox", "aria-checked": selection.has(row.id as string) })}
            data-colour={
              coloured && row[coloured.path] ? optionColour(coloured.field, String(row[coloured.path])) : undefined
            }
            onClick={() => (choosing ? selection.choose([row.id as string], false, index) : onOpen(row.id as string))}
          >
            <strong>
              {choosing && <Mark chosen={selection.has(row.id as string)} />}
              {String(row[object.nameField] ?? row.id)}
            </strong>
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

function Mark({ chosen }: { chosen: boolean }) {
  const Icon = chosen ? IconSquareCheckFilled : IconSquare;
  return <Icon size={18} aria-hidden />;
}
