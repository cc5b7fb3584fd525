import { useAhead } from "~/features/record";
import type { ObjectModel } from "~/meta/model";

/** What opening a record from a list needs, before it is opened: the script of the page, and what the page shows. */
export default function Ahead({ object, id }: { object: ObjectModel; id: string | undefined }) {
  useAhead(object, id, "desktop");
  return null;
}
