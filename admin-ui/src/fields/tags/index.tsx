import { TagsInput } from "@mantine/core";
import { fieldType } from "../field";

export default fieldType<string[]>({
  type: "tags",
  width: 200,
  cell: (value) => (
    <>
      {value.map((one) => (
        <span className="chip" key={one}>
          {one}
        </span>
      ))}
    </>
  ),
  text: (value) => value.join(", "),
  Input: ({ value, field, problem, onChange, autoFocus, label, required, disabled }) => (
    <TagsInput
      size="xs"
      label={label}
      aria-label={label ? undefined : field.label}
      withAsterisk={required}
      disabled={disabled}
      autoFocus={autoFocus}
      value={value ?? []}
      error={problem}
      onChange={(next) => onChange(next.length > 0 ? next : null)}
    />
  ),
});
