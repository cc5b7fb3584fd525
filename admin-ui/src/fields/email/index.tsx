import { fieldType } from "../field";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "email",
  width: 220,
  cell: (value) => <a href={`mailto:${value}`}>{value}</a>,
  text: (value) => value,
  parse: (text) => text.trim() || null,
  follows: true,
  sample: () => "ada@example.com",
  Input: (props) => (
    <TextField {...props} kind="email" inputMode="email" write={(v) => v} read={(text) => text.trim() || null} />
  ),
});
