import { fieldType, type Shown } from "../field";
import { readNumber } from "../formats";
import { TextField } from "../TextField";

const write = (value: number, { field, formats }: Pick<Shown, "field" | "formats">) =>
  formats.currency(value, field.doc.scale ?? 2, field.doc.currency);

export default fieldType<number>({
  type: "currency",
  width: 130,
  align: "right",
  cell: write,
  text: write,
  Input: (props) => (
    <TextField
      {...props}
      inputMode="decimal"
      unreadable="number"
      write={(v) => props.formats.number(v, props.field.doc.scale ?? 2)}
      read={(text) => readNumber(text, props.formats.language)}
    />
  ),
});
