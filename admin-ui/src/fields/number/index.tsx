import { fieldType, type Shown } from "../field";
import { readNumber } from "../formats";
import { TextField } from "../TextField";

const write = (value: number, { field, formats }: Pick<Shown, "field" | "formats">) =>
  formats.number(value, field.doc.scale ?? 0);

export default fieldType<number>({
  type: "number",
  width: 130,
  align: "right",
  cell: write,
  text: write,
  Input: (props) => (
    <TextField
      {...props}
      inputMode="decimal"
      unreadable="number"
      write={(v) => props.formats.number(v, props.field.doc.scale ?? 0)}
      read={(text) => readNumber(text, props.formats.language)}
    />
  ),
});
