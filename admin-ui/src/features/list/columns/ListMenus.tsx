import { Button, Menu, Popover, SegmentedControl, Tooltip } from "@mantine/core";
import {
  IconArrowsSort,
  IconCalendar,
  IconChartBar,
  IconLayoutGrid,
  IconLayoutKanban,
  IconLayoutRows,
  IconTable,
  IconTimeline,
} from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Uses, usesOf } from "~/api/uses";
import { type Column, columnsIn, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { groupable } from "../groups";
import css from "../ListPage.module.css";
import { type ListState, wayNames } from "../state";
import { ColumnsMenu } from "./ColumnsMenu";
import { Sort } from "./Sort";

interface Props {
  object: ObjectModel;
  state: ListState;
  columns: Column[];
  uses: Record<string, Uses> | undefined;
  /** Those that there are besides the table. */
  ways: Set<string>;
  sorting: boolean;
  onSorting(open: boolean): void;
}

const icons = {
  table: IconTable,
  board: IconLayoutKanban,
  calendar: IconCalendar,
  timeline: IconTimeline,
  gallery: IconLayoutGrid,
  chart: IconChartBar,
};

/** Sort, groups, columns, and the ways to show a list. Whatever is done here is in the address. */
export function ListMenus({ object, state, columns, uses, ways, sorting, onSorting }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const all = useMemo(() => columnsIn(model, object), [model, object]);
  const table = state.as === "table";
  return (
    <span className={css.menus}>
      <Popover
        position="bottom-end"
        shadow="sm"
        width={320}
        opened={sorting}
        onChange={onSorting}
        trapFocus
        returnFocus
      >
        <Popover.Target>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconArrowsSort size={14} />}
            onClick={() => onSorting(!sorting)}
          >
            {t("list.sort")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Sort state={state} fields={all.filter((c) => !uses || usesOf(uses, c.path)?.sort)} />
        </Popover.Dropdown>
      </Popover>
      {table && (
        <Menu position="bottom-end" shadow="sm">
          <Menu.Target>
            <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconLayoutRows size={14} />}>
              {t("list.group")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown className={css.scrolled}>
            <Menu.Item onClick={() => state.set({ group: "" })} disabled={!state.group}>
              {t("list.group_none")}
            </Menu.Item>
            {groupable(all, uses).map((c) => (
              <Menu.Item
                key={c.path}
                onClick={() => state.set({ group: c.path })}
                aria-current={state.group === c.path}
              >
                {c.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {table && <ColumnsMenu all={all} columns={columns} state={state} />}
      <SegmentedControl
        size="xs"
        aria-label={t("list.as")}
        value={state.as}
        onChange={(as) => state.set({ as })}
        data={wayNames
          .filter((name) => name === "table" || ways.has(name))
          .map((name) => ({ value: name, label: <Way name={name} /> }))}
      />
    </span>
  );
}

function Way({ name }: { name: (typeof wayNames)[number] }) {
  const { t } = useTranslation();
  const Icon = icons[name];
  return (
    <Tooltip label={t(`list.way.${name}`)}>
      <span className={css.way}>
        <Icon size={14} aria-hidden />
        <span className={css.unseen}>{t(`list.way.${name}`)}</span>
      </span>
    </Tooltip>
  );
}
