import { fieldType } from "../field";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "date",
  width: 130,
  cell: (value, { formats }) => formats.date(value),
  text: (value, { formats }) => formats.date(value),
  Input: (props) => <TextField {...props} kind="date" write={(v) => v} read={(text) => text || null} />,
});
