// What somebody marks of a record for themselves: that they follow it, and that it is a favourite. Both are
// shown at once, and taken back with the reason where the server refuses them.
import { IconBell, IconBellCheck, IconStar, IconStarFilled } from "@tabler/icons-react";
import { skipToken, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { type Kept, setFollowed } from "~/api/mine";
import { useIsFavourite, useSetFavourite } from "~/meta/mine";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { Command } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { recordKey } from "./opened";

/** A command that marks the record or takes the mark back. */
export interface Mark extends Command {
  icon: NonNullable<Command["icon"]>;
  /** Whether the record is marked. */
  is: boolean;
}

export function useMarks(object: ObjectModel, id: string, name: string): [follow: Mark, favourite: Mark] {
  const { t } = useTranslation();
  const one: Kept = { object: object.name, id, name };
  const favourite = useIsFavourite(one);
  const setFavourite = useSetFavourite();
  const follow = useFollow(object, one);
  const refused = (error: unknown) => notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
  const mark = (is: boolean) => setFavourite({ one, is }, { onError: refused });
  const followed = (is: boolean) => follow.set(is, { onError: refused });
  return [
    {
      id: "record.follow",
      label: t(follow.is ? "record.unfollow" : "record.follow"),
      icon: follow.is ? IconBellCheck : IconBell,
      where: "record",
      enabled: () => (follow.known ? true : t("record.fixed.loading")),
      is: follow.is,
      run: () => followed(!follow.is),
      undo: () => followed(follow.is),
    },
    {
      id: "record.favourite",
      label: t(favourite ? "record.no_favourite" : "record.favourite"),
      icon: favourite ? IconStarFilled : IconStar,
      keys: "*",
      where: "record",
      is: favourite,
      run: () => mark(!favourite),
      undo: () => mark(favourite),
    },
  ];
}

/** Whether somebody follows a record is told when it is opened, and asked for no more. */
function useFollow(object: ObjectModel, one: Kept) {
  const { me } = useSession();
  const cache = useQueryClient();
  const key = [...recordKey(me.tenant, object, one.id), "following"];
  const known = useQuery<boolean>({ queryKey: key, queryFn: skipToken });
  const change = useMutation({
    mutationFn: (is: boolean) => setFollowed(one, is),
    onMutate: (is) => cache.setQueryData(key, is),
    onError: (_, is) => cache.setQueryData(key, !is),
  });
  return { known: known.data !== undefined, is: known.data ?? false, set: change.mutate };
}
