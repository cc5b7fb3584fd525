import { fieldType } from "../field";
import { later } from "../later";

export type Row = Record<string, unknown>;

/** How many rows there are: a list has no room for more. */
const text = (rows: Row[]) => `${rows.length} ≡`;

export default fieldType<Row[]>({
  type: "children",
  width: 90,
  align: "right",
  cell: text,
  text,
  stands: true,
  sample: (field) => [Object.fromEntries(field.rows.map((one) => [one.name, null]))],
  Input: later(() => import("./Table")),
});
