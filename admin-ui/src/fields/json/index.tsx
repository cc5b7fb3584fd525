import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";

/** Reads an object or a list; undefined for what is none, as the server takes nothing else. */
function read(text: string): object | null | undefined {
  if (text.trim() === "") return null;
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const write = (value: object) => JSON.stringify(value);

function Input(props: InputProps<object>) {
  const { value, onChange, onDone } = props;
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const wrong = typed !== undefined && read(typed) === undefined;
  return (
    <Textarea
      {...control(props)}
      autosize
      minRows={3}
      maxRows={16}
      spellCheck={false}
      classNames={{ input: "mono" }}
      value={typed ?? (value ? JSON.stringify(value, null, 2) : "")}
      error={wrong ? t("unreadable.json") : props.problem}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const next = read(text);
        if (next !== undefined) onChange(next);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && !wrong) onDone?.();
      }}
    />
  );
}

export default fieldType<object>({
  type: "json",
  width: 220,
  cell: write,
  text: write,
  parse: read,
  sample: () => ({ size: [1, 2], name: "<b>bold</b>" }),
  Input,
});
