import { Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Glyph } from "~/ui/Glyph";
import { written } from "~/ui/keys";
import { notify } from "~/ui/notices";
import { useReturnFocus } from "~/ui/useReturnFocus";
import { closeOverlay, useOverlays } from "../overlays";
import { type Entry, read } from "./entries";
import css from "./Palette.module.css";
import { useEntries } from "./useEntries";

/** The input hears what is typed as soon as it is there. */
const focus = (input: HTMLInputElement | null) => input?.focus();

/** One input for records, commands, places and people. */
export default function Palette() {
  const { t } = useTranslation();
  const go = useNavigate();
  useReturnFocus();
  const [text, setText] = useState("");
  // While this is drawn for the first time, in slices, somebody goes on typing.
  useLayoutEffect(() => setText(useOverlays.getState().words), []);
  const [settled] = useDebouncedValue(text, 120);
  const now = read(text);
  const asked = read(settled);
  // What is here fits every letter; the server is asked once the typing pauses.
  const { groups, waits } = useEntries(
    now.mode,
    now.mode === asked.mode && now.words ? asked.words || now.words : now.words,
  );
  const entries = groups.flatMap((group) => group.entries);
  const [at, setAt] = useState(0);
  const [eager, setEager] = useState(false); // Enter was pressed before the server had answered what was typed
  const behind = waits || now.mode !== asked.mode || now.words !== asked.words;
  const chosen = Math.min(at, entries.length - 1);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector(`#entry-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const take = (entry: Entry | undefined, aside = false) => {
    if (!entry) return;
    if (entry.refused) return void notify({ text: entry.refused });
    if (entry.to && aside) return void window.open(entry.to, "_blank", "noopener");
    closeOverlay();
    if (entry.to) go(entry.to);
    else void entry.run?.();
  };
  const enter = (aside: boolean) => {
    const entry = entries[chosen];
    // Records that are here are those of other words, until the answer comes; all else stays before them.
    const passing = !entry || groups.some(({ key, entries }) => key === "records" && entries.includes(entry));
    if (behind && passing && !aside) setEager(true);
    else take(entry, aside);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is there once the answer has come is taken
  useEffect(() => {
    if (!eager || behind) return;
    setEager(false);
    take(entries[chosen]);
  }, [eager, behind]);
  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) setAt(Math.max(0, Math.min(entries.length - 1, chosen + step)));
    else if (event.key === "Enter") enter(event.metaKey || event.ctrlKey);
    else return;
    event.preventDefault();
  };
  let index = -1;
  return (
    <Modal.Root
      opened
      onClose={closeOverlay}
      size={620}
      yOffset="12vh"
      transitionProps={{ duration: 0 }}
      classNames={{ content: css.palette }}
    >
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content aria-label={t("app.palette")}>
        <div className={css.input}>
          <IconSearch size={16} />
          <input
            data-autofocus
            ref={focus}
            role="combobox"
            aria-expanded
            aria-controls="entries"
            aria-autocomplete="list"
            aria-activedescendant={entries.length > 0 ? `entry-${chosen}` : undefined}
            aria-label={t("app.palette")}
            placeholder={t("palette.placeholder")}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setAt(0);
              setEager(false);
            }}
            onKeyDown={keys}
          />
        </div>
        <div className={css.list} ref={list} id="entries" role="listbox" aria-label={t("palette.found")}>
          {groups.map((group) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset holds controls, these are options
            <div key={group.key} role="group" aria-label={group.label}>
              <div className={css.heading} aria-hidden="true">
                {group.label}
              </div>
              {group.entries.map((entry) => {
                index++;
                return (
                  <Option
                    key={entry.key}
                    entry={entry}
                    index={index}
                    chosen={index === chosen}
                    onAt={setAt}
                    onTake={take}
                  />
                );
              })}
            </div>
          ))}
        </div>
        {entries.length === 0 && !waits && <p className={css.none}>{t("palette.nothing")}</p>}
        <footer className={css.foot}>
          <span>
            <kbd>{">"}</kbd> {t("palette.commands")}
          </span>
          <span>
            <kbd>#</kbd> {t("palette.go")}
          </span>
          <span>
            <kbd>@</kbd> {t("palette.people")}
          </span>
          <span className={css.space} />
          <span>
            <kbd>{written("mod+enter")[0]}</kbd> {t("palette.aside")}
          </span>
        </footer>
      </Modal.Content>
    </Modal.Root>
  );
}

interface OptionProps {
  entry: Entry;
  index: number;
  chosen: boolean;
  onAt(index: number): void;
  onTake(entry: Entry, aside: boolean): void;
}

function Option({ entry, index, chosen, onAt, onTake }: OptionProps) {
  const Icon = typeof entry.icon === "string" ? undefined : entry.icon;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the input choose
    <div
      id={`entry-${index}`}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      aria-disabled={entry.refused ? true : undefined}
      className={css.entry}
      onMouseMove={() => onAt(index)}
      onClick={(event) => onTake(entry, event.metaKey || event.ctrlKey)}
    >
      {Icon ? <Icon size={16} /> : <Glyph name={typeof entry.icon === "string" ? entry.icon : "list"} />}
      <span className={css.label}>{entry.label}</span>
      <span className={css.hint}>{entry.refused ?? [entry.about, entry.hint].filter(Boolean).join(" · ")}</span>
      {entry.keys && (
        <span className={css.keys} aria-hidden="true">
          {written(entry.keys).map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </span>
      )}
    </div>
  );
}
