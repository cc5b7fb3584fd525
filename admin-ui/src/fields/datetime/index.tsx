import { fieldType } from "../field";
import { TextField } from "../TextField";

/** An instant as the browser's input has it, in the browser's time zone. */
const local = (value: string) => {
  const at = new Date(value);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

export default fieldType<string>({
  type: "datetime",
  width: 170,
  cell: (value, { formats }) => formats.datetime(value),
  text: (value, { formats }) => formats.datetime(value),
  Input: (props) => (
    <TextField
      {...props}
      kind="datetime-local"
      write={local}
      read={(text) => (text ? new Date(text).toISOString() : null)}
    />
  ),
});
