import type { OnAnswered } from "~/api/answered";
import { RecordPanel } from "~/features/record";
import type { ObjectModel } from "~/meta/model";

/** The page of a record, beside its list. */
export default function Peek(props: { object: ObjectModel; id: string; onAnswered?: OnAnswered }) {
  return <RecordPanel {...props} beside />;
}
