import { MultiSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";
import { chip, choices, optionLabel } from "../options";

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
  Input,
});
