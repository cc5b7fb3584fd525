import { fieldType } from "../field";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "time",
  width: 130,
  cell: (value, { formats }) => formats.time(value),
  text: (value, { formats }) => formats.time(value),
  Input: (props) => <TextField {...props} kind="time" write={(v) => v} read={(text) => text || null} />,
});
