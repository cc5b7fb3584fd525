import { fieldType } from "../field";
import { TextField } from "../TextField";
import { readTime } from "../times";

export default fieldType<string>({
  type: "time",
  width: 130,
  cell: (value, { formats }) => formats.time(value),
  text: (value, { formats }) => formats.time(value),
  parse: readTime,
  sample: () => "09:30:00",
  Input: (props) => <TextField {...props} kind="time" write={(v) => v} read={(text) => text || null} />,
});
