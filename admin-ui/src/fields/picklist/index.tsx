import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";
import { chip, choices, optionLabel, optionNamed } from "../options";

function Input(props: InputProps<string>) {
  const { value, field, formats, offered, onChange, onDone } = props;
  const { t } = useTranslation();
  return (
    <Select
      {...control(props)}
      defaultDropdownOpened={props.autoFocus}
      searchable
      clearable={!field.required}
      nothingFoundMessage={t("record.nothing_found")}
      comboboxProps={{ withinPortal: true }}
      data={choices(field, formats.language, value ? [value] : [], offered)}
      value={value}
      onChange={(next) => {
        onChange(next);
        onDone?.();
      }}
    />
  );
}

export default fieldType<string>({
  type: "picklist",
  width: 150,
  cell: (value, { field, formats }) => chip(field, value, formats.language),
  text: (value, { field, formats }) => optionLabel(field, value, formats.language),
  parse: (text, { field, formats }) => (text.trim() ? optionNamed(field, text, formats.language) : null),
  chosen: true,
  sample: (field) => field.options[0]?.name ?? "other",
  Input,
});
