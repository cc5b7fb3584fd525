import { useInfiniteQuery } from "@tanstack/react-query";
import type { Names } from "~/api/names";
import { history } from "~/api/past";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { recordKey } from "../opened";
import { referencesIn, useNames } from "../useNames";

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
  const users = model.objects.get("user");
  const references = entries.flatMap(({ by, changes }) => [
    ...(by && users ? [{ object: users.name, id: by, nameField: users.nameField }] : []),
    ...Object.entries(changes).flatMap(([name, { from, to }]) => {
      const field = object.fields.get(name);
      return field ? [...referencesIn(model, field, from), ...referencesIn(model, field, to)] : [];
    }),
  ]);
  const names = useNames(ready ? references : [], known); // until then it is not known what the page names
  return { entries, names, found, more: found.hasNextPage, next: () => void found.fetchNextPage() };
}
