import { ActionIcon, Button, Popover, Switch, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3 } from "@tabler/icons-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "~/meta/model";
import css from "../ListPage.module.css";
import type { ListState } from "../state";

const many = 12; // fields, among which one is looked for by its name

/** Which columns there are and in what order; headings can be dragged too. */
export function ColumnsMenu({ all, columns, state }: { all: Column[]; columns: Column[]; state: ListState }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const shown = columns.map((c) => c.path);
  const called = (c: Column) => c.label.toLowerCase().includes(words.trim().toLowerCase());
  // A line that was changed stands elsewhere then, and what had the focus in it has it there.
  const lines = useRef<HTMLDivElement>(null);
  const changed = useRef<{ path: string; by: number }>(undefined);
  useLayoutEffect(() => {
    if (!changed.current) return;
    const { path, by } = changed.current;
    changed.current = undefined;
    const line = lines.current?.querySelector(`[data-line="${path}"]`);
    (line?.querySelector<HTMLElement>(`button[data-by="${by}"]:enabled`) ?? line?.querySelector("input"))?.focus();
  });
  const set = (paths: string[], path: string, by = 0) => {
    changed.current = { path, by };
    state.set({ columns: paths.join(",") });
  };
  const move = (i: number, by: number) => {
    const next = shown.filter((_, at) => at !== i);
    next.splice(i + by, 0, shown[i] as string);
    set(next, shown[i] as string, by);
  };
  return (
    <Popover position="bottom-end" shadow="sm" trapFocus returnFocus width={300}>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconColumns3 size={14} />}>
          {t("list.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={css.scrolled}>
        <div className={css.lines} ref={lines}>
          <Switch
            size="xs"
            label={t("list.sum")}
            checked={state.sum}
            onChange={() => state.set({ sum: state.sum ? undefined : "1" })}
          />
          <hr className={css.rule} />
          {all.length > many && (
            <TextInput
              size="xs"
              type="search"
              aria-label={t("list.find_field")}
              placeholder={t("list.find_field")}
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
            />
          )}
          {columns.map((c, i) =>
            called(c) ? (
              <div key={c.path} className={css.line} data-line={c.path}>
                <Switch
                  size="xs"
                  className={css.space}
                  label={c.label}
                  checked
                  disabled={columns.length === 1}
                  onChange={() =>
                    set(
                      shown.filter((path) => path !== c.path),
                      c.path,
                    )
                  }
                />
                {[-1, 1].map((by) => (
                  <ActionIcon
                    key={by}
                    data-by={by}
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
            ) : null,
          )}
          {all
            .filter((c) => !shown.includes(c.path) && called(c))
            .map((c) => (
              <div key={c.path} data-line={c.path}>
                <Switch size="xs" label={c.label} checked={false} onChange={() => set([...shown, c.path], c.path)} />
              </div>
            ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
