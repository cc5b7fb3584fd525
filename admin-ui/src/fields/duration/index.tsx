import { fieldType } from "../field";
import { readDuration } from "../formats";
import { TextField } from "../TextField";

export default fieldType<number>({
  type: "duration",
  width: 100,
  align: "right",
  cell: (value, { formats }) => formats.duration(value),
  text: (value, { formats }) => formats.duration(value),
  parse: (text) => readDuration(text),
  sample: () => 5400,
  Input: (props) => (
    <TextField {...props} unreadable="duration" write={(v) => props.formats.duration(v)} read={readDuration} />
  ),
});
