import { Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { memo, type PointerEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Stored } from "~/api/client";
import type { Formats } from "~/fields";
import type { Column, ObjectModel } from "~/meta/model";
import { fieldsOf } from "../Fields";
import { Floating } from "../MoveTo";
import { OpenLink } from "../OpenLink";
import css from "./Board.module.css";

export interface Target {
  key: string;
  label: string;
  may: boolean;
}

interface Props {
  object: ObjectModel;
  row: Stored;
  columns: Column[];
  formats: Formats;
  /** Absent: the card can't be moved. */
  onTake?(event: PointerEvent<HTMLElement>, row: Stored): void;
  lifted: boolean;
  /** The columns that the menu offers, while it is open. */
  targets?: Target[];
  onMenu(row: Stored | undefined): void;
  onMove(row: Stored, to: string): void;
  onOpen(id: string): void;
  question?: ReactNode;
  onCancel(): void;
}

/** A record on the board. Its menu and its question are made only while they are open. */
function CardOf(props: Props) {
  const { object, row, columns, formats, onTake, lifted, targets, onMenu, onMove, onOpen, question, onCancel } = props;
  const { t } = useTranslation();
  const name = String(row[object.nameField] ?? row.id);
  return (
    <li
      className={css.card}
      data-card={row.id}
      data-lifted={lifted}
      data-still={!onTake}
      onPointerDown={onTake && ((e) => onTake(e, row))}
    >
      <OpenLink object={object} id={row.id} draggable={false} onOpen={onOpen}>
        {name}
      </OpenLink>
      {onTake && (
        <button
          type="button"
          className={css.menu}
          aria-haspopup="menu"
          aria-label={t("ways.move_card", { name })}
          onClick={() => onMenu(row)}
        >
          <IconDots size={16} />
        </button>
      )}
      <div className={css.fields}>{fieldsOf(row, columns, formats)}</div>
      {targets && (
        <Menu opened onClose={() => onMenu(undefined)} position="bottom-end" returnFocus>
          <Menu.Target>
            <span className={css.anchor} />
          </Menu.Target>
          <Menu.Dropdown aria-label={t("ways.move_card", { name })}>
            <Menu.Label>{t("ways.move_to")}</Menu.Label>
            {targets.map((one) => (
              <Menu.Item
                key={one.key}
                disabled={!one.may}
                title={one.may ? undefined : t("ways.not_from_here")}
                onClick={() => onMove(row, one.key)}
              >
                {one.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {question && (
        <Floating label={t("ways.not_moved", { name })} onClose={onCancel}>
          {question}
        </Floating>
      )}
    </li>
  );
}
export const Card = memo(CardOf);
