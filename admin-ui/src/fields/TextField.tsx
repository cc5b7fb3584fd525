import { TextInput } from "@mantine/core";
import { type HTMLInputTypeAttribute, useState } from "react";
import { useTranslation } from "react-i18next";
import type { InputProps } from "./field";

interface Props<V> extends InputProps<V> {
  /** Of the HTML input, which also chooses the keyboard of a phone. */
  kind?: HTMLInputTypeAttribute;
  inputMode?: "text" | "decimal" | "email" | "tel" | "url";
  write(value: V): string;
  /** Reads what was typed; null is empty, undefined unreadable. */
  read(text: string): V | null | undefined;
  unreadable?: "number" | "date" | "duration";
}

/** A field of one line. What can't be read stays as it was typed, with a sentence beside it. */
export function TextField<V>({
  value,
  field,
  write,
  read,
  unreadable,
  kind = "text",
  inputMode,
  problem,
  onChange,
  onDone,
  autoFocus,
  label,
  required,
  disabled,
}: Props<V>) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const wrong =
    typed !== undefined && read(typed) === undefined && unreadable ? t(`unreadable.${unreadable}`) : undefined;
  return (
    <TextInput
      size="xs"
      type={kind}
      inputMode={inputMode}
      label={label}
      aria-label={label ? undefined : field.label}
      withAsterisk={required}
      disabled={disabled}
      autoFocus={autoFocus}
      value={typed ?? (value === null || value === undefined ? "" : write(value))}
      maxLength={field.doc.max_length}
      error={wrong ?? problem}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const next = read(text);
        if (next !== undefined) onChange(next);
      }}
      onBlur={() => {
        if (!wrong) setTyped(undefined);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.nativeEvent.isComposing && !wrong) onDone?.();
      }}
    />
  );
}
