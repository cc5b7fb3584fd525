import { Button, CloseButton, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Column } from "~/meta/model";
import css from "../ListPage.module.css";
import type { ListState } from "../state";

const most = 8; // fields that the server sorts by
const path = (one: string) => one.replace(/^-/, "");

/** By what the list is sorted, the first first. */
export function Sort({ state, fields }: { state: ListState; fields: Column[] }) {
  const { t } = useTranslation();
  const { sort } = state;
  const set = (next: string[]) => state.set({ sort: next.join(",") || undefined });
  const put = (i: number, one: string) => set(sort.map((s, at) => (at === i ? one : s)));
  const offered = fields.map((c) => ({ value: c.path, label: c.label }));
  const free = offered.filter((o) => !sort.some((one) => path(one) === o.value));
  return (
    <div className={css.lines}>
      {sort.map((one, i) => (
        <div key={one} className={css.line}>
          <NativeSelect
            size="xs"
            className={css.space}
            aria-label={t("list.field")}
            value={path(one)}
            data={[...offered.filter((o) => o.value === path(one)), ...free]}
            onChange={(event) => put(i, event.currentTarget.value)}
          />
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => put(i, one.startsWith("-") ? path(one) : `-${one}`)}
          >
            {t(one.startsWith("-") ? "list.descending" : "list.ascending")}
          </Button>
          <CloseButton size="sm" aria-label={t("list.remove")} onClick={() => set(sort.filter((_, at) => at !== i))} />
        </div>
      ))}
      {sort.length < most && free.length > 0 && (
        <NativeSelect
          size="xs"
          aria-label={t("list.sort_add")}
          value=""
          data={[{ value: "", label: t("list.sort_add") }, ...free]}
          onChange={(event) => event.currentTarget.value && set([...sort, event.currentTarget.value])}
        />
      )}
    </div>
  );
}
