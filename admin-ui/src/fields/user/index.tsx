import { fieldType, type Shown } from "../field";
import { ReferenceInput } from "../ReferenceInput";

/** The name of the record; one that may not be seen has none, and a number tells nobody anything. */
const write = (_: string, { name, formats }: Shown) => name ?? formats.hidden;

export default fieldType<string>({
  type: "user",
  width: 180,
  cell: write,
  text: write,
  follows: true,
  chosen: true,
  sample: () => "0000000000001",
  Input: ReferenceInput,
});
