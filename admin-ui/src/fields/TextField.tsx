import { TextInput } from "@mantine/core";
import { type HTMLInputTypeAttribute, useState } from "react";
import { useTranslation } from "react-i18next";
import { control } from "./control";
import type { InputProps } from "./field";

interface Props<V> extends InputProps<V> {
  /** Of the HTML input, which also chooses the keyboard of a phone. */
  kind?: HTMLInputTypeAttribute;
  inputMode?: "text" | "decimal" | "email" | "tel" | "url";
  write(value: V): string;
  /** Reads what was typed; null is empty, undefined unreadable. */
  read(text: string): V | null | undefined;
  /** Reads what is counted from now, such as `+30d`. A `+` begins it, which the browser's own input would not take. */
  count?: { read(text: string): V | undefined; tell(value: V): string };
  unreadable?: "number" | "date" | "duration";
}

/** A field of one line. What can't be read stays as it was typed, with a sentence beside it. */
export function TextField<V>(props: Props<V>) {
  const { value, field, write, count, unreadable, onChange, onDone } = props;
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const counting = count !== undefined && /^[+-]/.test(typed ?? "");
  const read = (text: string) => (count && /^[+-]/.test(text) ? count.read(text) : props.read(text));
  const unread = typed !== undefined && typed !== "+" && read(typed) === undefined;
  const wrong = unread && unreadable ? t(`unreadable.${unreadable}`) : undefined;
  return (
    <TextInput
      {...control(props)}
      type={counting ? "text" : (props.kind ?? "text")}
      inputWrapperOrder={["label", "input", "description", "error"]}
      description={counting && value !== null && !unread ? count.tell(value) : undefined}
      inputMode={props.inputMode}
      value={typed ?? (value === null || value === undefined ? "" : write(value))}
      maxLength={field.doc.max_length}
      error={wrong ?? props.problem}
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
        if (count && !counting && event.key === "+") {
          event.preventDefault();
          setTyped("+");
        }
        if (event.key === "Enter" && !event.nativeEvent.isComposing && !wrong) onDone?.();
      }}
    />
  );
}
