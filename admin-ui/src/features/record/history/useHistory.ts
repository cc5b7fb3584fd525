import { useInfiniteQuery } from "@tanstack/react-query";
import type { Names } from "~/api/names";
import { history } from "~/api/past";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { recordKey } from "../opened";
import { referencesOf, useNames } from "../useNames";

/** The changes of a record, the latest first, with the names of those who made them and of what is referred to. */
export function useHistory(object: ObjectModel, id: string, known: Names | undefined, ready: boolean) {
  const { me, model } = useSession();
  const found = useInfiniteQuery({
    queryKey: [...recordKey(me.tenant, object, id), "history"],
    enabled: ready, // the first part comes with the page
    queryFn: ({ pageParam, signal }) => history(object.name, id, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const entries = found.data?.pages.flatMap((page) => page.items) ?? [];
  const names = useNames(ready ? referencesOf(model, object, entries) : [], known); // until then it is not known what the page names
  return { entries, names, found, more: found.hasNextPage, next: () => void found.fetchNextPage() };
}
