import { Button, Combobox, Textarea, useCombobox } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { find } from "~/fields/find";
import { useSession } from "~/meta/session";
import type { Writing } from "../draft";
import css from "./Comments.module.css";
import { begun, type Person, stored, type Written, written } from "./mentions";

interface Props {
  /** As it is stored; what is changed. */
  text?: string;
  label: string;
  autoFocus?: boolean;
  /** Where what is being written is kept until it is sent. */
  kept?: Writing<Written>;
  save(text: string): Promise<unknown>;
  onCancel?(): void;
}

/** A text in which people are mentioned: @ and the beginning of a name offers them. */
export function CommentInput({ text: before = "", label, autoFocus, kept, save, onCancel }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [{ text, people }, draw] = useState(() => kept?.read() ?? written(before));
  const setDraft = (next: Written) => {
    draw(next);
    kept?.keep(next.text ? next : undefined);
  };
  const [offered, setOffered] = useState<Person[]>([]);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const asking = useRef<AbortController>(undefined);
  const box = useCombobox();

  const look = async (now: string, caret: number) => {
    const words = begun(now.slice(0, caret));
    asking.current?.abort();
    if (words === undefined) return box.closeDropdown();
    // Nobody is mentioned who was offered for other letters.
    setOffered((before) => before.filter((one) => one.name.toLowerCase().includes(words.toLowerCase())));
    asking.current = new AbortController();
    const found = await find(model, "user")(words, asking.current.signal).catch(() => undefined);
    if (!found) return;
    setOffered(found.slice(0, 6));
    if (found.length > 0) {
      box.openDropdown();
      box.selectFirstOption();
    } else box.closeDropdown();
  };
  const choose = (id: string) => {
    const who = offered.find((one) => one.id === id);
    const caret = input.current?.selectionStart ?? text.length;
    const words = begun(text.slice(0, caret));
    if (!who || words === undefined) return;
    const next = `${text.slice(0, caret - words.length)}${who.name} ${text.slice(caret)}`;
    setDraft({ text: next, people: [...people, who] });
    box.closeDropdown();
    input.current?.focus();
  };
  const submit = async () => {
    if (!text.trim()) return;
    setBusy(true);
    try {
      await save(stored(text.trim(), people));
      setDraft({ text: "", people: [] });
      setProblem(undefined);
      onCancel?.();
    } catch (error) {
      setProblem(refusal(error)?.detail ?? t("error.offline"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={css.input}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Combobox store={box} size="xs" onOptionSubmit={choose} withinPortal>
        <Combobox.Target autoComplete="off">
          <Textarea
            ref={input}
            size="xs"
            autosize
            minRows={2}
            maxRows={10}
            maxLength={9000}
            autoFocus={autoFocus}
            aria-label={label}
            placeholder={t("record.comments.hint")}
            value={text}
            error={problem}
            onChange={(event) => {
              const { value, selectionStart } = event.currentTarget;
              setDraft({ text: value, people });
              void look(value, selectionStart);
            }}
            onBlur={() => box.closeDropdown()}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
                event.preventDefault();
                return void submit();
              }
              // Until the kit has marked one of those offered, Enter takes the first.
              const first = box.dropdownOpened && box.getSelectedOptionIndex() < 0 ? offered[0] : undefined;
              if (event.key === "Enter" && first && !event.nativeEvent.isComposing) {
                event.preventDefault();
                choose(first.id);
              }
              if (event.key === "Escape" && box.dropdownOpened) {
                event.stopPropagation();
                box.closeDropdown();
              }
            }}
          />
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Options>
            {offered.map((one) => (
              <Combobox.Option value={one.id} key={one.id}>
                {one.name}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      <div className={css.foot}>
        {onCancel && (
          <Button variant="default" size="compact-xs" onClick={onCancel}>
            {t("record.cancel")}
          </Button>
        )}
        <Button type="submit" size="compact-xs" loading={busy} disabled={!text.trim()}>
          {t(onCancel ? "record.save" : "record.comments.send")}
        </Button>
      </div>
    </form>
  );
}
