import { Combobox, InputBase, useCombobox } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { control } from "./control";
import type { InputProps } from "./field";

/** Finds a record by words. The server says which ones may be chosen. */
export function ReferenceInput(props: InputProps<string>) {
  const { value, name, onChange, onDone, required, candidates } = props;
  const { t } = useTranslation();
  const [words, setWords] = useState<string>();
  const [found, setFound] = useState<{ id: string; name: string }[]>();
  const asking = useRef<AbortController>(undefined);
  const box = useCombobox({ onDropdownClose: () => setWords(undefined), defaultOpened: props.autoFocus });
  const open = box.dropdownOpened;

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew for other words alone, not for each drawing
  useEffect(() => {
    if (!open) return;
    const wait = setTimeout(
      () => {
        asking.current?.abort();
        asking.current = new AbortController();
        candidates?.(words ?? "", asking.current.signal).then(setFound, () => undefined);
      },
      words ? 150 : 0,
    );
    return () => clearTimeout(wait);
  }, [open, words]);

  const choose = (id: string | null, chosen: string | null) => {
    onChange(id, chosen);
    box.closeDropdown();
    onDone?.();
  };
  return (
    <Combobox
      size="xs"
      store={box}
      onOptionSubmit={(id) => choose(id, found?.find((one) => one.id === id)?.name ?? null)}
    >
      <Combobox.Target>
        <InputBase
          {...control(props)}
          value={words ?? (value ? (name ?? t("record.hidden")) : "")}
          placeholder={t("record.choose")}
          rightSection={value && !required ? <Combobox.ClearButton onClear={() => choose(null, null)} /> : undefined}
          onFocus={() => box.openDropdown()}
          onClick={() => box.openDropdown()}
          onBlur={() => box.closeDropdown()}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            box.openDropdown();
            box.resetSelectedOption();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!found}>
        <Combobox.Options mah={240} className="scrolls">
          {found?.length === 0 && <Combobox.Empty>{t("record.nothing_found")}</Combobox.Empty>}
          {found?.map((one) => (
            <Combobox.Option value={one.id} key={one.id}>
              {one.name}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
