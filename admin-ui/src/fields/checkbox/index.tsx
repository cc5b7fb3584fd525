import { Checkbox } from "@mantine/core";
import { fieldType, type Shown } from "../field";

const write = (value: boolean, { formats }: Shown) => (value ? formats.yes : formats.no);

export default fieldType<boolean>({
  type: "checkbox",
  width: 90,
  cell: write,
  text: write,
  parse: (text, { formats }) => {
    const plain = text.trim().toLowerCase();
    if (plain === "") return null;
    if ([formats.yes.toLowerCase(), "yes", "true", "1", "x", "✓"].includes(plain)) return true;
    return [formats.no.toLowerCase(), "no", "false", "0"].includes(plain) ? false : undefined;
  },
  chosen: true,
  sample: () => true,
  Input: ({ value, field, problem, onChange, onDone, autoFocus, label, disabled }) => (
    <Checkbox
      size="xs"
      label={label ?? field.label}
      autoFocus={autoFocus}
      disabled={disabled}
      checked={value ?? false}
      error={problem}
      onChange={(event) => {
        onChange(event.currentTarget.checked);
        onDone?.();
      }}
    />
  ),
});
