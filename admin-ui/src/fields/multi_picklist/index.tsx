import { MultiSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";
import { chip, choices, listed, optionLabel, optionNamed } from "../options";

function Input(props: InputProps<string[]>) {
  const { value, field, formats, offered, onChange } = props;
  const { t } = useTranslation();
  return (
    <MultiSelect
      {...control(props)}
      searchable
      clearable
      nothingFoundMessage={t("record.nothing_found")}
      data={choices(field, formats.language, value ?? [], offered)}
      value={value ?? []}
      onChange={(next) => onChange(next.length > 0 ? next : null)}
    />
  );
}

export default fieldType<string[]>({
  type: "multi_picklist",
  width: 200,
  cell: (value, { field, formats }) => <>{value.map((one) => chip(field, one, formats.language))}</>,
  text: (value, { field, formats }) => value.map((one) => optionLabel(field, one, formats.language)).join(", "),
  parse: (text, { field, formats }) => {
    const found = listed(text).map((one) => optionNamed(field, one, formats.language));
    if (found.includes(undefined)) return undefined;
    return found.length > 0 ? (found as string[]) : null;
  },
  sample: (field) => field.options.slice(0, 2).map((one) => one.name),
  Input,
});
