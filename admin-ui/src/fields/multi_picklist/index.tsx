import { MultiSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { fieldType, type InputProps } from "../field";
import { chip, choices, optionLabel } from "../options";

function Input({
  value,
  field,
  formats,
  offered,
  problem,
  onChange,
  autoFocus,
  label,
  required,
  disabled,
}: InputProps<string[]>) {
  const { t } = useTranslation();
  return (
    <MultiSelect
      size="xs"
      label={label}
      aria-label={label ? undefined : field.label}
      withAsterisk={required}
      disabled={disabled}
      autoFocus={autoFocus}
      searchable
      clearable
      nothingFoundMessage={t("record.nothing_found")}
      data={choices(field, formats.language, value ?? [], offered)}
      value={value ?? []}
      error={problem}
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
