import { fieldType } from "../field";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "phone",
  width: 150,
  cell: (value) => <a href={`tel:${value.replace(/[^+\d]/g, "")}`}>{value}</a>,
  text: (value) => value,
  parse: (text) => text.trim() || null,
  follows: true,
  sample: () => "+49 30 1234567",
  Input: (props) => (
    <TextField {...props} kind="tel" inputMode="tel" write={(v) => v} read={(text) => text.trim() || null} />
  ),
});
