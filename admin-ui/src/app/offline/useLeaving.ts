import { useEffect, useRef } from "react";
import type { Workspace } from "~/api/session";
import { forgetDrafts } from "~/features/record/draft";

/** Where somebody else has logged in, in whichever tab, the page begins anew: nothing that is in it is theirs. True until it does. */
export function useLeaving(now: Workspace | undefined): boolean {
  const person = now && `${now.tenant}/${now.user.id}`;
  const before = useRef(person);
  useEffect(() => {
    if (!person) return;
    forgetDrafts(person);
    before.current ??= person;
    if (before.current !== person) location.assign("/");
  }, [person]);
  return before.current !== undefined && person !== undefined && before.current !== person;
}
