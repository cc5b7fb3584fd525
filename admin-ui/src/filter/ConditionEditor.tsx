import { MultiSelect, NativeSelect, Switch, TagsInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Condition, type Expr, number, path, print, text } from "~/expr";
import { type Formats, typeOf } from "~/fields";
import { find } from "~/fields/find";
import { askedOf, literal, todayTwin, valueIn } from "~/fields/kinds";
import { choices } from "~/fields/options";
import { readText } from "~/fields/reading";
import type { Field, Model } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Filter.module.css";
import type { Fields } from "./fields";
import { ValueWords } from "./Words";

interface Props {
  condition: Condition;
  fields: Fields;
  formats: Formats;
  autoFocus?: boolean;
  onChange(condition: Condition): void;
}

/** The operator and the values of a condition. What is chosen counts at once. */
export function ConditionEditor({ condition, fields, formats, autoFocus, onChange }: Props) {
  const { t } = useTranslation();
  const column = fields.column(condition.path);
  const operators = fields.operators(condition.path) ?? [];
  const operator = operators.find((one) => one.id === condition.operator);
  if (!column || !operator) return null;
  // With and without today are one operator with a switch.
  const twins = new Set(["last_days_today", "next_days_today"]);
  const withToday = twins.has(operator.id);
  const set = (values: Expr[]) => onChange({ ...condition, values });
  return (
    <div className={css.condition}>
      <NativeSelect
        size="xs"
        aria-label={t("list.operator")}
        value={withToday ? (todayTwin[operator.id] as string) : operator.id}
        data={operators
          .filter((one) => !twins.has(one.id))
          .map((one) => ({ value: one.id, label: t(`list.op.${one.id}` as "list.op.is", { days: "…" }) }))}
        onChange={(event) => {
          const next = operators.find((one) => one.id === event.currentTarget.value);
          if (!next) return;
          const fits = next.of === operator.of && next.takes !== 0 ? condition.values : [];
          const kept = typeof next.takes === "number" ? fits.slice(0, next.takes) : fits;
          onChange({
            ...condition,
            operator: next.id,
            values: next.of === "count" && kept.length === 0 ? [number(7)] : kept,
          });
        }}
      />
      {operator.of === "count" ? (
        <>
          <TextInput
            size="xs"
            w={64}
            inputMode="numeric"
            aria-label={t("list.days")}
            autoFocus={autoFocus}
            value={condition.values[0] ? print(condition.values[0]) : ""}
            onChange={(event) => {
              const typed = event.currentTarget.value;
              if (/^\d{0,4}$/.test(typed)) set(typed === "" ? [] : [number(Number(typed))]);
            }}
          />
          <Switch
            size="xs"
            label={t("list.with_today")}
            checked={withToday}
            onChange={() => onChange({ ...condition, operator: todayTwin[operator.id] as string })}
          />
        </>
      ) : (
        operator.takes !== 0 && (
          <Values
            takes={operator.takes}
            field={askedOf(column.field)}
            formats={formats}
            values={condition.values}
            autoFocus={autoFocus}
            onChange={set}
          />
        )
      )}
    </div>
  );
}

interface ValuesProps {
  takes: 1 | 2 | "many";
  field: Field;
  formats: Formats;
  values: Expr[];
  autoFocus?: boolean;
  onChange(values: Expr[]): void;
}

function Values({ takes, field, formats, values, autoFocus, onChange }: ValuesProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const texts = values.flatMap((one) => (one.is === "text" ? one.value : []));
  if (field.options.length > 0 && (takes === "many" || field.shows === "multi_picklist")) {
    const one = takes !== "many";
    return (
      <MultiSelect
        size="xs"
        aria-label={field.label}
        autoFocus={autoFocus}
        comboboxProps={{ withinPortal: false }}
        maxValues={one ? 1 : undefined}
        data={choices(field, formats.language, texts)}
        value={texts}
        onChange={(next) => onChange(next.map(text))}
      />
    );
  }
  if (takes === "many" && field.targets.length === 0)
    return (
      <TagsInput
        size="xs"
        aria-label={field.label}
        autoFocus={autoFocus}
        comboboxProps={{ withinPortal: false }}
        value={values.map((one) => String(valueIn(field.shows, one) ?? ""))}
        onChange={(next) => onChange(next.flatMap((one) => literal(field.shows, readText(field, one, formats)) ?? []))}
      />
    );
  const Input = typeOf(field.shows).Input;
  if (!Input) return null;
  const places = takes === "many" ? [values.length] : Array.from({ length: takes }, (_, i) => i);
  return (
    <>
      {takes === "many" &&
        values.map((value, i) => (
          <button
            type="button"
            key={print(value)}
            className={css.value}
            aria-label={t("list.remove")}
            onClick={() => onChange(values.filter((_, at) => at !== i))}
          >
            <ValueWords field={field} value={value} formats={formats} /> ×
          </button>
        ))}
      {places.map((place) => (
        <Input
          key={`${place}`}
          autoFocus={autoFocus && place === 0}
          field={field}
          formats={formats}
          value={(values[place]?.is === "path" ? meId : (valueIn(field.shows, values[place]) ?? null)) as never}
          name={values[place] && field.targets.length > 0 ? nameOf(values[place], t("list.me")) : undefined}
          candidates={candidatesOf(model, field, t("list.me"))}
          onChange={(value: unknown) => {
            const chosen = value === meId ? path("user.id") : literal(field.shows, value);
            const next = [...values];
            if (chosen) next[place] = chosen;
            else next.splice(place, 1);
            onChange(next.filter(Boolean));
          }}
        />
      ))}
    </>
  );
}

/** Stands among the candidates for whoever reads the list. */
const meId = "\u0000me";
const nameOf = (value: Expr, me: string) => (value.is === "path" ? me : undefined);

/** Records that a condition may name, those found by words. */
function candidatesOf(model: Model, field: Field, me: string) {
  const target = field.targets[0];
  if (!target) return undefined;
  return async (q: string, signal: AbortSignal) => {
    const found = await find(model, target)(q, signal);
    return target === "user" && me.toLowerCase().startsWith(q.toLowerCase())
      ? [{ id: meId, name: me }, ...found]
      : found;
  };
}
