import { IconFilter, IconSearch, IconSortAscending, IconTable } from "@tabler/icons-react";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { say } from "~/meta/documents";
import { type Command, useCommands } from "~/ui/commands";
import { type ListState, wayNames } from "./state";
import type { Views } from "./views/useViews";

interface Keys {
  state: ListState;
  views: Views;
  ways: Record<string, unknown>;
  search: RefObject<HTMLInputElement | null>;
  filter: RefObject<HTMLInputElement | null>;
  onSort(): void;
  onView(name: string): void;
}

/** The commands of a list. Keys of the grid itself are heard by the grid. */
export function useKeys({ state, views, ways, search, filter, onSort, onView }: Keys) {
  const { t, i18n } = useTranslation();
  const at = views.all.findIndex((v) => v.name === state.view?.name);
  const next = views.all[(at + 1) % Math.max(1, views.all.length)];
  const shown = wayNames.filter((name) => name === "table" || name in ways);
  useCommands([
    {
      id: "list.search",
      label: t("list.search"),
      icon: IconSearch,
      keys: "/",
      where: "list",
      run: () => search.current?.focus(),
    },
    {
      id: "list.filter",
      label: t("list.filter"),
      icon: IconFilter,
      keys: "f",
      where: "list",
      run: () => filter.current?.focus(),
    },
    { id: "list.sort", label: t("list.sort"), icon: IconSortAscending, keys: "s", where: "list", run: onSort },
    ...(next
      ? [
          {
            id: "list.view",
            label: t("list.view.next", { view: say(next.label, i18n.language, next.name) }),
            keys: "v",
            where: "list" as const,
            run: () => onView(next.name),
          },
        ]
      : []),
    ...shown.map(
      (name, i): Command => ({
        id: `list.as.${name}`,
        label: t(`list.way.${name}`),
        icon: IconTable,
        keys: String(i + 1),
        where: "list",
        run: () => state.set({ as: name }),
      }),
    ),
  ]);
}
