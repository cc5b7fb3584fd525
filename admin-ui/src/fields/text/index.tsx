import { fieldType } from "../field";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "text",
  width: 220,
  cell: (value) => value,
  text: (value) => value,
  parse: (text) => text.trim() || null,
  sample: () => "Northfield College",
  Input: (props) => <TextField {...props} write={(v) => v} read={(text) => text.trim() || null} />,
});
