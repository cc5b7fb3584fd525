import { useEffect, useRef } from "react";
import type { Workspace } from "~/api/session";
import { forgetDrafts } from "~/features/record/draft";

/** Where somebody else has logged in, in whichever tab, the page begins anew: nothing that is in it is theirs. */
export function useLeaving(now: Workspace | undefined) {
  const person = now && `${now.tenant}/${now.user.id}`;
  const before = useRef(person);
  useEffect(() => {
    if (!person) return;
    forgetDrafts(person);
    if (before.current && before.current !== person) location.assign("/");
    before.current = person;
  }, [person]);
}
