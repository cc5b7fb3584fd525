import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { answerOf } from "./opened";

/** Reads the page of a record that is likely to be opened next. */
export function useAhead(object: ObjectModel, id: string | undefined, device: "desktop" | "phone") {
  const { me } = useSession();
  const cache = useQueryClient();
  useEffect(() => {
    if (id) void cache.prefetchQuery(answerOf(me.tenant, object, id, device));
  }, [cache, me.tenant, object, id, device]);
}
