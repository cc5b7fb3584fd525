import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import css from "./ListPage.module.css";

interface Props {
  q: string;
  input: RefObject<HTMLInputElement | null>;
  onSearch(q: string): void;
}

/** Finds records by words. */
export function Search({ q, input, onSearch }: Props) {
  const { t } = useTranslation();
  const search = useDebouncedCallback(onSearch, 200);
  return (
    <TextInput
      ref={input}
      className={css.search}
      size="xs"
      type="search"
      aria-label={t("list.search")}
      placeholder={t("list.search")}
      leftSection={<IconSearch size={14} />}
      defaultValue={q}
      onChange={(event) => search(event.currentTarget.value)}
      onKeyDown={(event) => {
        // What was found is worked in by keys too.
        if (!["Enter", "ArrowDown"].includes(event.key) || event.nativeEvent.isComposing) return;
        event.preventDefault();
        search.flush?.();
        document.querySelector<HTMLElement>("[role=grid]")?.focus();
      }}
    />
  );
}
