import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { search } from "~/api/records";
import { useRecent } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { commands, enabled, keysOf, perform, useCommandStore } from "~/ui/commands";
import { best, type Entry, type Mode } from "./entries";

export interface Group {
  key: string;
  label: string;
  entries: Entry[];
}

/** The groups for words, and whether more may come. */
export function useEntries(mode: Mode, words: string): { groups: Group[]; waits: boolean } {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const recent = useRecent();
  const state = useCommandStore();
  const asks = mode !== "commands" && mode !== "objects" && words.length > 0;
  const people = mode === "people";
  const found = useQuery({
    queryKey: [me.tenant, "search", people, words],
    queryFn: ({ signal }) => search(words, { objects: people ? ["user"] : undefined, limit: people ? 12 : 5 }, signal),
    enabled: asks,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

  const local = useMemo(() => {
    const actions: Entry[] = commands(state)
      .filter((command) => !command.hidden && !command.told)
      .map((command) => {
        const can = enabled(command);
        return {
          key: command.id,
          label: command.label,
          keywords: command.keywords,
          keys: keysOf(command)[0],
          icon: command.icon,
          refused: can === true ? undefined : can,
          run: () => perform(command),
        };
      });
    const objects: Entry[] = [...model.objects.values()].map((object) => ({
      key: `object.${object.name}`,
      label: object.plural,
      keywords: `${object.label} ${object.name}`,
      icon: object.icon ?? "object",
      to: `/o/${object.name}`,
    }));
    return { actions, objects };
  }, [state, model]);

  const record = (one: { object: string; id: string; name: string; about?: string }): Entry => {
    const object = model.objects.get(one.object);
    return {
      key: `${one.object}/${one.id}`,
      label: one.name || t("recent.nameless"),
      about: one.about,
      hint: object?.label,
      icon: object?.icon ?? "object",
      to: `/o/${one.object}/${one.id}`,
    };
  };
  const records = asks ? (found.data?.items ?? []).filter((one) => model.objects.has(one.object)).map(record) : [];
  const opened = recent
    .filter((one) => model.objects.has(one.object) && (!people || one.object === "user"))
    .map(record);
  const few = words && mode === "all";
  const groups: Group[] = [
    {
      key: "recent",
      label: t("recent.title"),
      entries: mode === "all" || people ? best(opened, words, words ? 3 : 6) : [],
    },
    {
      key: "objects",
      label: t("palette.go"),
      entries:
        mode === "objects" || mode === "all" ? best(local.objects, words, few ? 3 : mode === "all" ? 0 : 50) : [],
    },
    {
      key: "commands",
      label: t("palette.commands"),
      entries: mode === "commands" || mode === "all" ? best(local.actions, words, few ? 8 : 60) : [],
    },
    { key: "records", label: people ? t("palette.people") : t("palette.records"), entries: [] },
  ];
  const shown = new Set(groups[0]?.entries.map((e) => e.key));
  (groups[3] as Group).entries = records.filter((e) => !shown.has(e.key));
  return { groups: groups.filter((g) => g.entries.length > 0), waits: asks && found.isFetching };
}
