import { Select } from "@mantine/core";
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
  onDone,
  autoFocus,
  label,
  required,
  disabled,
}: InputProps<string>) {
  const { t } = useTranslation();
  return (
    <Select
      size="xs"
      label={label}
      aria-label={label ? undefined : field.label}
      withAsterisk={required}
      disabled={disabled}
      autoFocus={autoFocus}
      defaultDropdownOpened={autoFocus}
      searchable
      clearable={!field.required}
      nothingFoundMessage={t("record.nothing_found")}
      comboboxProps={{ withinPortal: true }}
      data={choices(field, formats.language, value ? [value] : [], offered)}
      value={value}
      error={problem}
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
  Input,
});
