import { Textarea } from "@mantine/core";
import { control } from "../control";
import { fieldType } from "../field";

export default fieldType<string>({
  type: "long_text",
  width: 280,
  cell: (value) => <span className="lines">{value}</span>,
  text: (value) => value,
  parse: (text) => text.trim() || null,
  sample: () => "Two lines,\nand a half.",
  Input: (props) => (
    <Textarea
      {...control(props)}
      autosize
      minRows={2}
      maxRows={12}
      value={props.value ?? ""}
      maxLength={props.field.doc.max_length}
      onChange={(event) => props.onChange(event.currentTarget.value || null)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) props.onDone?.();
      }}
    />
  ),
});
