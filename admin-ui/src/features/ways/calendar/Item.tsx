import { IconDots } from "@tabler/icons-react";
import type { CSSProperties, PointerEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Formats } from "~/fields";
import { optionColour } from "~/fields/options";
import type { Column, ObjectModel } from "~/meta/model";
import { OpenLink } from "../OpenLink";
import type { Entry } from "../period";
import css from "./Calendar.module.css";

/** What every entry of a calendar is drawn with. */
export interface Drawing {
  object: ObjectModel;
  columns: Column[];
  formats: Formats;
  timeZone: string;
  /** Absent: entries can't be moved. */
  onTake?(event: PointerEvent<HTMLElement>, entry: Entry): void;
  dragged?: string;
  onAsk(entry: Entry): void;
  onOpen(id: string): void;
  /** What floats at an entry: where to, or what is missing. */
  floating(entry: Entry): ReactNode;
}

export const nameOf = (object: ObjectModel, entry: Entry) => String(entry.row[object.nameField] ?? entry.row.id);

interface Props extends Drawing {
  entry: Entry;
  /** The time, where it isn't told by the place. */
  time?: string;
  /** Of several days only the first takes what floats. */
  first?: boolean;
  style?: CSSProperties;
}

export function Item({
  object,
  columns,
  entry,
  time,
  first = true,
  style,
  onTake,
  dragged,
  onAsk,
  onOpen,
  floating,
}: Props) {
  const { t } = useTranslation();
  const name = nameOf(object, entry);
  const state = columns.find((c) => c.field.options.length > 0 && typeof entry.row[c.path] === "string");
  return (
    <div
      className={css.item}
      style={style}
      data-entry={entry.row.id}
      data-lifted={dragged === entry.row.id}
      data-still={!onTake}
      data-colour={state && optionColour(state.field, entry.row[state.path] as string)}
      onPointerDown={onTake && ((event) => onTake(event, entry))}
    >
      <OpenLink object={object} id={entry.row.id} draggable={false} title={name} onOpen={onOpen}>
        {time && <span className={css.time}>{time}</span>}
        {name}
      </OpenLink>
      {onTake && first && (
        <button
          type="button"
          className={css.more}
          aria-label={t("ways.move_card", { name })}
          onClick={() => onAsk(entry)}
        >
          <IconDots size={14} />
        </button>
      )}
      {first && floating(entry)}
    </div>
  );
}
