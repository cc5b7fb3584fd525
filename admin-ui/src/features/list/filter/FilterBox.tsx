import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Operator, type Part, text as textOf } from "~/expr";
import type { Formats } from "~/fields";
import { find } from "~/fields/find";
import type { Fields } from "~/filter/fields";
import type { Column } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Filter.module.css";
import { offered, partTyped, readTyped, type Typed, type Value } from "./typed";

interface Props {
  fields: Fields;
  formats: Formats;
  input: RefObject<HTMLInputElement | null>;
  onAdd(part: Part): void;
  /** Backspace where nothing is typed: the last chip goes. */
  onLast(): void;
}

interface Offer {
  key: string;
  label: string;
  about?: string;
  take(): void;
}

/** Where a filter is typed: fields are offered, then operators of the field's type, then values. */
export function FilterBox({ fields, formats, input, onAdd, onLast }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [wrong, setWrong] = useState<string>();
  const words = { operator: (op: string) => operatorLabel(t, op), me: t("list.me") };
  const typed = readTyped(text, fields, words, formats);
  const records = useRecords(typed);

  const such = fields.all.find((c) => !c.through && ["currency", "number"].includes(c.field.shows));

  const add = (part: Part) => {
    onAdd(part);
    setText("");
    setAt(-1);
    setOpen(false);
  };
  const go = (next: string) => {
    setText(next);
    setAt(-1);
    input.current?.focus();
  };
  const offers: Offer[] =
    typed.at === "field"
      ? typed.fields.map((c) => ({ key: c.path, label: c.label, take: () => go(`${c.label} `) }))
      : typed.at === "operator"
        ? typed.operators.map((o) => ({
            key: o.id,
            label: words.operator(o.id),
            take: () =>
              o.takes === 0
                ? add(condition(typed.column, o, []))
                : go(`${typed.before} ${words.operator(o.id).replace(/…/g, "").trim()} `),
          }))
        : [...typed.values, ...records].map((value) => ({
            key: JSON.stringify(value.value),
            label: value.label,
            about: value.about,
            take: () => add(condition(typed.column, typed.operator, [value])),
          }));
  const enter = () => {
    const part = at >= 0 ? undefined : partTyped(text, fields, words, formats);
    const offer = offers[Math.max(0, at)];
    if (part && "part" in part) add(part.part);
    else if (part)
      setWrong(part.unknown.nearest ? t("list.unknown_near", part.unknown) : t("list.unknown", part.unknown));
    else if (offer && text.trim()) offer.take();
    else if (text.trim()) setWrong(t("list.unreadable"));
  };
  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") enter();
    else if (event.key === "ArrowDown") setAt(Math.min(offers.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(-1, at - 1));
    else if (event.key === "Tab" && !event.shiftKey && open && text && offers[Math.max(0, at)])
      offers[Math.max(0, at)]?.take();
    else if (event.key === "Backspace" && text === "") onLast();
    else if (event.key === "Escape") {
      if (!open && text === "") input.current?.blur();
      setOpen(false);
      setText("");
    } else return;
    if (event.key !== "Backspace") event.preventDefault();
  };
  const listed = open && offers.length > 0;
  useEffect(() => {
    if (at >= 0) document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at, id]);
  return (
    <div className={css.box}>
      <input
        ref={input}
        role="combobox"
        aria-label={t("list.filter")}
        aria-expanded={listed}
        aria-controls={`${id}-offers`}
        aria-activedescendant={listed && at >= 0 ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        aria-invalid={wrong ? true : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={such ? t("list.filter_such", { field: such.label, value: 10000 }) : t("list.filter_hint")}
        value={text}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setWrong(undefined);
          setAt(-1);
          setOpen(true);
        }}
        onKeyDown={keys}
      />
      {wrong && (
        <p className={css.wrong} role="alert">
          {wrong}
        </p>
      )}
      {listed && !wrong && (
        <div className={css.offers} id={`${id}-offers`} role="listbox" aria-label={t("list.filter")}>
          {offers.map((offer, i) => (
            <div
              key={offer.key}
              id={`${id}-${i}`}
              className={css.offer}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              aria-label={offer.label}
              aria-description={offer.about}
              onPointerDown={(event) => {
                event.preventDefault();
                offer.take();
              }}
            >
              {offer.label}
              {offer.about && <span className="quiet small"> {offer.about}</span>}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

const condition = (column: Column, operator: Operator, values: Value[]): Part => ({
  is: "condition",
  path: column.path,
  operator: operator.id,
  values: values.map((one) => one.value),
});

/** The label of an operator, with a mark where its number stands. */
export const operatorLabel = (t: ReturnType<typeof useTranslation>["t"], id: string) =>
  t(`list.op.${id}` as "list.op.is", { days: "…" });

/** Records that are meant by what is typed as the value of a reference. */
function useRecords(typed: Typed): Value[] {
  const { me, model } = useSession();
  const target =
    typed.at === "value" && typed.column.field.targets.length === 1 ? typed.column.field.targets[0] : undefined;
  const now = typed.at === "value" ? typed.typed : "";
  const [words] = useDebouncedValue(now, 120);
  const found = useQuery({
    queryKey: [me.tenant, target, "names", words],
    queryFn: ({ signal }) => find(model, target as string)(words, signal),
    enabled: !!target,
    staleTime: 60_000,
  });
  if (!target) return [];
  const records = (found.data ?? [])
    .slice(0, offered)
    .map(({ id, name, about }) => ({ label: name, about, value: textOf(id) }));
  // What was found for other words is offered as far as it has these, so that nobody takes what was not meant.
  return words === now ? records : records.filter((one) => one.label.toLowerCase().includes(now.toLowerCase()));
}
