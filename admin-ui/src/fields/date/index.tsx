import { fieldType } from "../field";
import { TextField } from "../TextField";
import { readDate } from "../times";

export default fieldType<string>({
  type: "date",
  width: 130,
  cell: (value, { formats }) => formats.date(value),
  text: (value, { formats }) => formats.date(value),
  parse: (text, { formats }) => readDate(text, formats.locale),
  sample: () => "2026-03-31",
  Input: (props) => <TextField {...props} kind="date" write={(v) => v} read={(text) => text || null} />,
});
