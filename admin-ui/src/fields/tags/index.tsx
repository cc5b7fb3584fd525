import { TagsInput } from "@mantine/core";
import { control } from "../control";
import { fieldType } from "../field";
import { listed } from "../options";

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
  parse: (text) => {
    const found = [...new Set(listed(text))];
    return found.length > 0 ? found : null;
  },
  sample: () => ["early", "by phone"],
  Input: (props) => (
    <TagsInput
      {...control(props)}
      value={props.value ?? []}
      onChange={(next) => props.onChange(next.length > 0 ? next : null)}
    />
  ),
});
