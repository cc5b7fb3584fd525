import { ActionIcon, TextInput } from "@mantine/core";
import { IconBold, IconH2, IconItalic, IconLink, IconList, IconListNumbers, IconUnderline } from "@tabler/icons-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { InputProps } from "../field";
import css from "./Editor.module.css";
import { fromPlain, harmless, kept, type Element as Made, type Part, plain, read, write } from "./markup";

const commands = [
  { name: "bold", Icon: IconBold },
  { name: "italic", Icon: IconItalic },
  { name: "underline", Icon: IconUnderline },
  { name: "formatBlock", value: "h2", Icon: IconH2 },
  { name: "insertUnorderedList", Icon: IconList },
  { name: "insertOrderedList", Icon: IconListNumbers },
] as const;

/** The commands are old and every browser has them; the text is read and written by markup.ts alone. */
const run = (name: string, value?: string) => document.execCommand(name, false, value);

/** Puts parts into the document, element by element. */
function put(into: Node, parts: Part[]) {
  for (const part of parts) {
    if (typeof part === "string") {
      into.appendChild(document.createTextNode(part));
      continue;
    }
    const made = document.createElement(part.tag);
    if (part.href) made.setAttribute("href", part.href);
    if (part.span?.colspan) made.setAttribute("colspan", String(part.span.colspan));
    if (part.span?.rowspan) made.setAttribute("rowspan", String(part.span.rowspan));
    put(made, part.children);
    into.appendChild(made);
  }
}

/** What is in the document, without anything that is not kept. */
function taken(from: Node): Part[] {
  return [...from.childNodes].flatMap((node): Part[] => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent ? [node.textContent] : [];
    if (!(node instanceof HTMLElement)) return [];
    const tag = node.tagName.toLowerCase();
    const children = taken(node);
    if (!kept.has(tag)) return children;
    const href = node.getAttribute("href") ?? "";
    const made: Made = { tag, children, ...(tag === "a" && harmless(href) ? { href } : {}) };
    const span = {
      colspan: Number(node.getAttribute("colspan")) || undefined,
      rowspan: Number(node.getAttribute("rowspan")) || undefined,
    };
    if (span.colspan || span.rowspan) made.span = span;
    return [made];
  });
}

export default function Editor({
  value,
  field,
  label,
  required,
  problem,
  disabled,
  autoFocus,
  onChange,
  onDone,
}: InputProps<string>) {
  const { t } = useTranslation();
  const text = useRef<HTMLDivElement>(null);
  const told = useRef<string | null>(undefined);
  const [address, setAddress] = useState<{ range: Range; text: string }>();
  const id = useId();

  useEffect(() => {
    const at = text.current;
    if (!at || told.current === value) return;
    told.current = value;
    at.replaceChildren();
    put(at, read(value ?? ""));
  }, [value]);
  useEffect(() => {
    if (autoFocus) text.current?.focus();
  }, [autoFocus]);

  const tell = () => {
    const parts = taken(text.current as Node);
    told.current = plain(parts) ? write(parts) : null;
    onChange(told.current);
  };
  const link = () => {
    const chosen = getSelection();
    if (chosen?.rangeCount && text.current?.contains(chosen.anchorNode))
      setAddress({ range: chosen.getRangeAt(0), text: "https://" });
  };
  const setLink = () => {
    if (!address || !harmless(address.text)) return;
    const chosen = getSelection();
    chosen?.removeAllRanges();
    chosen?.addRange(address.range);
    text.current?.focus();
    if (address.range.collapsed) run("insertText", address.text);
    else run("createLink", address.text);
    setAddress(undefined);
    tell();
  };
  return (
    <div className={css.editor}>
      {label && (
        <span className="small quiet" id={id}>
          {label}
          {required && " *"}
        </span>
      )}
      <div role="toolbar" aria-label={t("fields.rich_text.format")} className={css.tools}>
        {commands.map((command) => (
          <ActionIcon
            key={command.name}
            variant="subtle"
            size="sm"
            disabled={disabled}
            aria-label={t(`fields.rich_text.${command.name}`)}
            title={t(`fields.rich_text.${command.name}`)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              text.current?.focus();
              run(command.name, "value" in command ? command.value : undefined);
              tell();
            }}
          >
            <command.Icon size={15} />
          </ActionIcon>
        ))}
        <ActionIcon
          variant="subtle"
          size="sm"
          disabled={disabled}
          aria-label={t("fields.rich_text.link")}
          title={t("fields.rich_text.link")}
          onMouseDown={(event) => event.preventDefault()}
          onClick={link}
        >
          <IconLink size={15} />
        </ActionIcon>
      </div>
      {address && (
        <TextInput
          size="xs"
          autoFocus
          aria-label={t("fields.link.url")}
          value={address.text}
          error={address.text.length > 8 && !harmless(address.text) ? t("unreadable.link") : undefined}
          onChange={(event) => setAddress({ ...address, text: event.currentTarget.value.trim() })}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              setLink();
            }
            if (event.key === "Escape") {
              event.stopPropagation();
              setAddress(undefined);
              text.current?.focus();
            }
          }}
        />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: no element of a form holds formatted text */}
      <div
        ref={text}
        className={`rich ${css.text}`}
        role="textbox"
        tabIndex={0}
        aria-multiline="true"
        aria-label={label ? undefined : field.label}
        aria-labelledby={label ? id : undefined}
        aria-required={required}
        aria-invalid={problem ? true : undefined}
        contentEditable={!disabled}
        suppressContentEditableWarning
        onInput={tell}
        onPaste={(event) => {
          event.preventDefault();
          const html = event.clipboardData.getData("text/html");
          const words = event.clipboardData.getData("text/plain");
          run("insertHTML", html ? write(read(html)) : fromPlain(words));
          tell();
        }}
        onDrop={(event) => {
          if (event.dataTransfer.types.includes("text/html")) event.preventDefault();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) onDone?.();
          if (event.key === "k" && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            event.stopPropagation();
            link();
          }
        }}
      />
      {problem && <p className="bad small">{problem}</p>}
    </div>
  );
}
