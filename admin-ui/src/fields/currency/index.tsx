import { numeric } from "../numeric";

export default numeric("currency", (value, scale, { field, formats }) =>
  formats.currency(value, scale, field.doc.currency),
);
