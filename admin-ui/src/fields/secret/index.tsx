import { PasswordInput } from "@mantine/core";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";

const shown = () => "••••••";

/** What was set before is never here; what is typed replaces it. */
function Input(props: InputProps<true | string>) {
  const { value, onChange, onDone } = props;
  return (
    <PasswordInput
      {...control(props)}
      autoComplete="new-password"
      maxLength={4096}
      placeholder={value === true ? shown() : undefined}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && onDone?.()}
    />
  );
}

/** That there is one is all that anybody is told. */
export default fieldType<true | string>({
  type: "secret",
  width: 90,
  cell: shown,
  text: shown,
  sample: () => true,
  Input,
});
