import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Outcome, removeAll, restoreAll } from "~/api/bulk";
import { refusal } from "~/api/client";
import { type Binned, bin } from "~/api/past";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, undoThis } from "~/ui/commands";
import { notify } from "~/ui/notices";

/** Pages without anything to show that are passed by unasked. */
const emptyPages = 10;

/** The deleted records of an object that have some words, those deleted last first, and what restores them. */
export function useBin(object: ObjectModel, q: string) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const found = useInfiniteQuery({
    queryKey: [me.tenant, object.name, "bin", "list", q],
    queryFn: ({ pageParam, signal }) => bin(object.name, q || undefined, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    enabled: object.can.delete,
    placeholderData: keepPreviousData, // while other words are looked for
  });
  const pages = found.data?.pages ?? [];
  const items = pages.flatMap((page) => page.items);
  const { hasNextPage, isFetching, isError, fetchNextPage } = found;
  const looksOn = hasNextPage && !isError && items.length === 0 && pages.length < emptyPages;
  useEffect(() => {
    if (looksOn && !isFetching) void fetchNextPage();
  }, [looksOn, isFetching, fetchNextPage]);

  const settle = () => cache.invalidateQueries({ queryKey: [me.tenant] });
  const refused = (outcome: Outcome<Binned>) => {
    if (outcome.refused > 0)
      notify({ text: t("bin.refused", { count: outcome.refused, why: outcome.why }), tone: "bad" });
  };
  const restore = async (rows: Binned[]) => {
    setBusy(true);
    try {
      const outcome = await restoreAll(object.name, rows);
      await settle();
      refused(outcome);
      if (outcome.done.length === 0) return;
      const label = t("bin.restored", { count: outcome.done.length });
      const undo = {
        label,
        undo: async () => {
          refused(await removeAll(object.name, outcome.done));
          await settle();
        },
      };
      pushUndo(undo);
      notify({ text: label, action: { label: t("bin.undo"), run: () => undoThis(undo) } });
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    } finally {
      setBusy(false);
    }
  };
  return {
    items,
    /** What those are called who deleted something. */
    names: Object.assign({}, ...pages.map((page) => page.names?.user)) as Record<string, string>,
    found,
    more: hasNextPage,
    looking: found.isPending || looksOn,
    busy,
    restore,
  };
}
