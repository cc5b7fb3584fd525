import { fieldType } from "../field";
import { TextField } from "../TextField";

/** Only what a browser may follow becomes a link; the rest is text. */
const safe = (value: string) => /^https?:\/\//i.test(value);

export default fieldType<string>({
  type: "url",
  width: 220,
  cell: (value) =>
    safe(value) ? (
      <a href={value} target="_blank" rel="noopener noreferrer">
        {value.replace(/^https?:\/\/(www\.)?/i, "").replace(/\/$/, "")}
      </a>
    ) : (
      value
    ),
  text: (value) => value,
  Input: (props) => (
    <TextField {...props} kind="url" inputMode="url" write={(v) => v} read={(text) => text.trim() || null} />
  ),
});
