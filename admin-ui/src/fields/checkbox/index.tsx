import { Checkbox } from "@mantine/core";
import { fieldType, type Shown } from "../field";

const write = (value: boolean, { formats }: Shown) => (value ? formats.yes : formats.no);

export default fieldType<boolean>({
  type: "checkbox",
  width: 90,
  cell: write,
  text: write,
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
