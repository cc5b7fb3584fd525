import { fieldType } from "../field";

/** Given by the server alone. */
export default fieldType<string>({
  type: "auto_number",
  width: 120,
  cell: (value) => value,
  text: (value) => value,
  sample: () => "A-0001",
});
