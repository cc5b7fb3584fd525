import { ActionIcon, Button, Popover, Switch } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Column } from "~/meta/model";
import css from "../ListPage.module.css";
import type { ListState } from "../state";

/** Which columns there are and in what order; headings can be dragged too. */
export function ColumnsMenu({ all, columns, state }: { all: Column[]; columns: Column[]; state: ListState }) {
  const { t } = useTranslation();
  const shown = columns.map((c) => c.path);
  const set = (paths: string[]) => state.set({ columns: paths.join(",") });
  const move = (i: number, by: number) => {
    const next = shown.filter((_, at) => at !== i);
    next.splice(i + by, 0, shown[i] as string);
    set(next);
  };
  return (
    <Popover position="bottom-end" shadow="sm" trapFocus returnFocus width={300}>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconColumns3 size={14} />}>
          {t("list.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={css.scrolled}>
        <div className={css.lines}>
          <Switch
            size="xs"
            label={t("list.sum")}
            checked={state.sum}
            onChange={() => state.set({ sum: state.sum ? undefined : "1" })}
          />
          <hr className={css.rule} />
          {columns.map((c, i) => (
            <div key={c.path} className={css.line}>
              <Switch
                size="xs"
                className={css.space}
                label={c.label}
                checked
                disabled={columns.length === 1}
                onChange={() => set(shown.filter((path) => path !== c.path))}
              />
              {[-1, 1].map((by) => (
                <ActionIcon
                  key={by}
                  size="sm"
                  variant="subtle"
                  color="gray"
                  disabled={i + by < 0 || i + by >= columns.length}
                  aria-label={t(by < 0 ? "list.move_left" : "list.move_right", { column: c.label })}
                  onClick={() => move(i, by)}
                >
                  {by < 0 ? <IconArrowUp size={14} /> : <IconArrowDown size={14} />}
                </ActionIcon>
              ))}
            </div>
          ))}
          {all
            .filter((c) => !shown.includes(c.path))
            .map((c) => (
              <Switch key={c.path} size="xs" label={c.label} checked={false} onChange={() => set([...shown, c.path])} />
            ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
