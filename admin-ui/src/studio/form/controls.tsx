import { Autocomplete, Checkbox, MultiSelect, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Shape } from "../shape";
import css from "./Form.module.css";
import { useTyped } from "./kept";

export interface ControlProps<T> {
  shape: Shape;
  label: string;
  value: T | undefined;
  /** Undefined takes the member away. */
  say(value: T | undefined): void;
  /** Names that fit here, such as those of fields. */
  suggests?: string[];
  /** What people call an option. */
  called?(option: string): string;
  problem?: string;
}

const common = ({ shape, label, problem }: Pick<ControlProps<unknown>, "shape" | "label" | "problem">) => ({
  size: "xs" as const,
  label,
  description: shape.says,
  required: shape.required,
  withAsterisk: shape.required,
  error: problem,
});

/** Enter says what was typed, Escape gives the former back. */
const keys = ({ leave, give }: { leave(): void; give(): void }, lines = false) => ({
  onBlur: leave,
  onKeyDown: (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && (!lines || event.ctrlKey || event.metaKey)) leave();
    if (event.key === "Escape") {
      event.stopPropagation();
      give();
    }
  },
});

export function TextControl(props: ControlProps<string>) {
  const { shape, value, say, suggests } = props;
  const text = useTyped(value ?? "", (typed) => say(typed === "" ? undefined : typed));
  const initial = shape.is === "text" ? shape.initial : undefined;
  if (shape.is === "text" && shape.long)
    return (
      <Textarea
        {...common(props)}
        autosize
        maxRows={16}
        value={text.typed}
        placeholder={initial}
        onChange={(event) => text.type(event.currentTarget.value)}
        {...keys(text, true)}
      />
    );
  if (suggests)
    return (
      <Autocomplete
        {...common(props)}
        data={suggests}
        limit={50}
        value={text.typed}
        placeholder={initial}
        onChange={text.type}
        onOptionSubmit={(chosen) => say(chosen)}
        {...keys(text)}
      />
    );
  return (
    <TextInput
      {...common(props)}
      value={text.typed}
      placeholder={initial}
      onChange={(event) => text.type(event.currentTarget.value)}
      {...keys(text)}
    />
  );
}

export function NumberControl(props: ControlProps<number>) {
  const { shape, value, say } = props;
  const text = useTyped(value === undefined ? "" : String(value), (typed) => {
    const number = Number(typed);
    if (typed.trim() === "") say(undefined);
    else if (Number.isFinite(number)) say(number);
    else text.give();
  });
  return (
    <TextInput
      {...common(props)}
      inputMode={shape.is === "number" && shape.whole ? "numeric" : "decimal"}
      value={text.typed}
      placeholder={shape.is === "number" && shape.initial !== undefined ? String(shape.initial) : undefined}
      onChange={(event) => text.type(event.currentTarget.value)}
      {...keys(text)}
    />
  );
}

export function BooleanControl({ shape, label, value, say, problem }: ControlProps<boolean>) {
  const initial = shape.is === "boolean" && shape.initial === true;
  return (
    <Checkbox
      size="xs"
      label={label}
      description={shape.says}
      error={problem}
      checked={value ?? initial}
      // What goes without saying is not said.
      onChange={(event) => say(event.currentTarget.checked === initial ? undefined : event.currentTarget.checked)}
    />
  );
}

export function ChoiceControl(props: ControlProps<string>) {
  const { shape, value, say, called = String } = props;
  const options = shape.is === "choice" ? shape.options : [];
  return (
    <Select
      {...common(props)}
      data={options.map((one) => ({ value: one, label: called(one) }))}
      searchable={options.length > 8}
      clearable={!shape.required}
      value={value ?? null}
      placeholder={shape.is === "choice" && shape.initial ? called(shape.initial) : undefined}
      onChange={(chosen) => say(chosen ?? undefined)}
      comboboxProps={{ withinPortal: true }}
    />
  );
}

export function ChoicesControl(props: ControlProps<string[]>) {
  const { shape, value, say, called = String } = props;
  return (
    <MultiSelect
      {...common(props)}
      data={(shape.is === "choices" ? shape.options : []).map((one) => ({ value: one, label: called(one) }))}
      value={value ?? []}
      onChange={(chosen) => say(chosen.length > 0 ? chosen : undefined)}
    />
  );
}

export function ListControl(props: ControlProps<string[]>) {
  const { value, say, suggests } = props;
  return (
    <TagsInput
      {...common(props)}
      data={suggests}
      limit={50}
      value={value ?? []}
      onChange={(chosen) => say(chosen.length > 0 ? chosen : undefined)}
    />
  );
}

/** What can't be drawn: the text that it is. */
export function JsonControl(props: ControlProps<unknown>) {
  const { t } = useTranslation();
  const { value, say } = props;
  const text = useTyped(value === undefined ? "" : JSON.stringify(value, null, 2), (typed) => {
    if (typed.trim() === "") return say(undefined);
    try {
      say(JSON.parse(typed));
    } catch {
      text.give();
    }
  });
  const wrong = ((): string | undefined => {
    if (text.typed.trim() === "") return undefined;
    try {
      JSON.parse(text.typed);
      return undefined;
    } catch {
      return t("studio.no_json");
    }
  })();
  return (
    <Textarea
      {...common(props)}
      error={wrong ?? props.problem}
      className={css.mono}
      autosize
      maxRows={16}
      value={text.typed}
      onChange={(event) => text.type(event.currentTarget.value)}
      {...keys(text, true)}
    />
  );
}

export { common as commonOf, keys as keysOf };
