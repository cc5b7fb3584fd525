import { TextInput } from "@mantine/core";
import { fieldType, type InputProps } from "../field";
import { type Address, parts, read, text, write } from "./written";

function Input({ value, field, problem, onChange, onDone, autoFocus, label, disabled }: InputProps<Address>) {
  return (
    <fieldset className="parts" aria-label={label ?? field.label} disabled={disabled}>
      {label && <legend>{label}</legend>}
      {parts.map((part, i) => (
        <TextInput
          key={part}
          size="xs"
          autoFocus={autoFocus && i === 0}
          aria-label={field.parts.get(part)?.label}
          placeholder={field.parts.get(part)?.label}
          autoComplete="off"
          value={value?.[part] ?? ""}
          error={i === 0 ? problem : undefined}
          onChange={(event) => onChange({ ...value, [part]: event.currentTarget.value || null })}
          onKeyDown={(event) => event.key === "Enter" && onDone?.()}
        />
      ))}
    </fieldset>
  );
}

export default fieldType<Address>({
  type: "address",
  width: 260,
  cell: write,
  text,
  parse: read,
  sample: () => ({ street: "Main street 1", city: "Berlin", state: null, postal_code: "10115", country: "DE" }),
  Input,
});
