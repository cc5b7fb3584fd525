import { Combobox, InputBase, useCombobox } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { control } from "./control";
import type { Choice, InputProps } from "./field";
import { useName } from "./useName";

/** Finds a record by words. The server says which ones may be chosen. */
export function ReferenceInput(props: InputProps<string> & { target?: string }) {
  const { value, field, onChange, onDone, required, candidates } = props;
  const { t } = useTranslation();
  const [words, setWords] = useState<string>();
  const [found, setFound] = useState<{ words: string; items: Choice[] }>();
  const asking = useRef<AbortController>(undefined);
  const box = useCombobox({ onDropdownClose: () => setWords(undefined), defaultOpened: props.autoFocus });
  const name = useName(props.target ?? (field.targets.length === 1 ? field.targets[0] : undefined), value, props.name);
  const open = box.dropdownOpened;
  const now = words ?? "";
  // What was found for other words is offered as far as it has these, so that nobody chooses what was not meant.
  const offered =
    found?.words === now
      ? found.items
      : found?.items.filter((one) => one.name.toLowerCase().includes(now.trim().toLowerCase()));
  const shown = useRef(offered);
  shown.current = offered;
  const marked = useRef<string>(undefined); // the choice that keys are at while others come

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew for other words alone, not for each drawing
  useEffect(() => {
    if (!open) return;
    const wait = setTimeout(
      () => {
        asking.current?.abort();
        asking.current = new AbortController();
        candidates?.(now, asking.current.signal).then(
          (items) => {
            marked.current = shown.current?.[box.getSelectedOptionIndex()]?.id;
            setFound({ words: now, items });
          },
          () => undefined,
        );
      },
      words ? 150 : 0,
    );
    return () => clearTimeout(wait);
  }, [open, words]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was marked stays so where others are found
  useEffect(() => {
    const at = found?.items.findIndex((one) => one.id === marked.current) ?? -1;
    if (at >= 0) box.selectOption(at);
    else box.resetSelectedOption();
  }, [found]);

  const choose = (id: string | null, chosen: string | null) => {
    onChange(id, chosen);
    box.closeDropdown();
    onDone?.();
  };
  return (
    <Combobox
      size="xs"
      store={box}
      onOptionSubmit={(id) => choose(id, offered?.find((one) => one.id === id)?.name ?? null)}
    >
      <Combobox.Target>
        <InputBase
          {...control(props)}
          value={words ?? (value ? (name === undefined ? "…" : (name ?? t("record.hidden"))) : "")}
          placeholder={t("record.choose")}
          rightSection={value && !required ? <Combobox.ClearButton onClear={() => choose(null, null)} /> : undefined}
          onFocus={() => box.openDropdown()}
          onClick={() => box.openDropdown()}
          onBlur={() => box.closeDropdown()}
          onKeyDown={(event) => {
            // Words are no record: Enter takes the first that has them, and never saves without one.
            if (event.key !== "Enter" || !words || event.nativeEvent.isComposing || box.getSelectedOptionIndex() >= 0)
              return;
            event.preventDefault();
            const [first] = offered ?? [];
            if (first) choose(first.id, first.name);
          }}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            box.openDropdown();
            box.resetSelectedOption();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!offered || (found?.words !== now && offered.length === 0)}>
        <Combobox.Options mah={240} className="scrolls">
          {offered?.length === 0 && <Combobox.Empty>{t("record.nothing_found")}</Combobox.Empty>}
          {offered?.map((one) => (
            <Combobox.Option value={one.id} key={one.id} aria-label={one.name} aria-description={one.about}>
              {one.name}
              {one.about && <span className="quiet small"> {one.about}</span>}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
