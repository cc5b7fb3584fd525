import { useEffect, useRef } from "react";
import { useMatch } from "react-router";
import { looking } from "~/api/looking";
import { useOpened } from "~/meta/mine";
import { useTitle } from "~/ui/Title";

/** Addresses behind an object that are no ids are pages of the object, such as its import. */
const idForm = /^[0-7][0-9a-z]{12}$/;

/** Notes which record is opened, once its page says what it is called. */
export function useOpening() {
  const at = useMatch("/o/:object/:id")?.params;
  const title = useTitle((s) => s.title);
  const opened = useOpened();
  const { object, id } = at ?? {};
  const noted = useRef<string>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a record is opened once, however often this is drawn
  useEffect(() => {
    // What is drawn while one page follows another still has the title of the first.
    const name = useTitle.getState().title;
    const one = !looking && object && id && idForm.test(id) && name ? { object, id, name } : undefined;
    const text = one && JSON.stringify(one);
    if (one && text !== noted.current) opened(one);
    noted.current = text;
  }, [object, id, title]);
}
