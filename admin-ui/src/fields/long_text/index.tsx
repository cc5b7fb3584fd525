import { Textarea } from "@mantine/core";
import { fieldType } from "../field";

export default fieldType<string>({
  type: "long_text",
  width: 280,
  cell: (value) => <span className="lines">{value}</span>,
  text: (value) => value,
  Input: ({ value, field, problem, onChange, onDone, autoFocus, label, required, disabled }) => (
    <Textarea
      size="xs"
      autosize
      minRows={2}
      maxRows={12}
      label={label}
      aria-label={label ? undefined : field.label}
      withAsterisk={required}
      disabled={disabled}
      autoFocus={autoFocus}
      value={value ?? ""}
      maxLength={field.doc.max_length}
      error={problem}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) onDone?.();
      }}
    />
  ),
});
