import { RecordPanel } from "~/features/record";
import type { ObjectModel } from "~/meta/model";

/** The page of a record, beside its list. */
export default function Peek({ object, id }: { object: ObjectModel; id: string }) {
  return <RecordPanel object={object} id={id} beside />;
}
