import { fieldType } from "../field";
import { followable } from "../href";
import { TextField } from "../TextField";

export default fieldType<string>({
  type: "url",
  width: 220,
  cell: (value) =>
    followable(value) ? (
      <a href={value} target="_blank" rel="noopener noreferrer">
        {value.replace(/^https?:\/\/(www\.)?/i, "").replace(/\/$/, "")}
      </a>
    ) : (
      value
    ),
  text: (value) => value,
  parse: (text) => text.trim() || null,
  follows: true,
  sample: () => "https://example.com/a",
  Input: (props) => (
    <TextField {...props} kind="url" inputMode="url" write={(v) => v} read={(text) => text.trim() || null} />
  ),
});
