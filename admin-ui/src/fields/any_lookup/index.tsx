import { fieldType, type Shown } from "../field";
import { Input } from "./Input";

export interface Reference {
  object: string;
  id: string;
}

/** A name that was not asked for may be one that can be seen. */
const write = (_: Reference, { name, formats }: Shown) => (name === undefined ? "…" : (name ?? formats.hidden));

export default fieldType<Reference>({
  type: "any_lookup",
  width: 180,
  cell: write,
  text: write,
  follows: true,
  sample: () => ({ object: "account", id: "0000000000001" }),
  Input,
});
