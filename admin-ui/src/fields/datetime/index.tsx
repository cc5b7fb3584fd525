import { fieldType } from "../field";
import { TextField } from "../TextField";
import { instantOf, localOf, readDatetime } from "../times";

export default fieldType<string>({
  type: "datetime",
  width: 196,
  cell: (value, { formats }) => formats.datetime(value),
  text: (value, { formats }) => formats.datetime(value),
  parse: (text, { formats }) => readDatetime(text, formats.locale, formats.timeZone),
  sample: () => "2026-03-31T20:05:00Z",
  Input: (props) => (
    <TextField
      {...props}
      kind="datetime-local"
      write={(value) => localOf(value, props.formats.timeZone)}
      read={(text) => (text ? instantOf(text, props.formats.timeZone) : null)}
    />
  ),
});
