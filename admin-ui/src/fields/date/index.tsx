import { dayFrom, dayOf } from "~/meta/days";
import { fieldType } from "../field";
import type { Formats } from "../formats";
import { TextField } from "../TextField";
import { readDate } from "../times";

const counted = (text: string, { timeZone }: Formats) => dayFrom(dayOf(new Date(), timeZone), text);

export default fieldType<string>({
  type: "date",
  width: 130,
  cell: (value, { formats }) => formats.date(value),
  text: (value, { formats }) => formats.date(value),
  parse: (text, { formats }) => counted(text, formats) ?? readDate(text, formats.locale),
  sample: () => "2026-03-31",
  Input: (props) => (
    <TextField
      {...props}
      kind="date"
      write={(v) => v}
      read={(text) => text || null}
      count={{ read: (text) => counted(text, props.formats), tell: props.formats.date }}
      unreadable="date"
    />
  ),
});
