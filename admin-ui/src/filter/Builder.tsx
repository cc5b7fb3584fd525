import { Button, CloseButton, NativeSelect } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Condition, type Group, levels, type Mode, type Part, written } from "~/expr";
import type { Formats } from "~/fields";
import { ConditionEditor } from "./ConditionEditor";
import css from "./Filter.module.css";
import type { Fields } from "./fields";

interface Props {
  filter: Group;
  fields: Fields;
  formats: Formats;
  onChange(filter: Group): void;
}

/** The filter with its groups. What is not finished stays here and does not count yet. */
export default function Builder({ filter, fields, formats, onChange }: Props) {
  const [draft, setDraft] = useState(filter);
  const [was, setWas] = useState(filter);
  if (was !== filter) {
    setWas(filter);
    if (written(draft, fields.operators) !== written(filter, fields.operators)) setDraft(filter);
  }
  return (
    <GroupEditor
      group={draft}
      level={1}
      fields={fields}
      formats={formats}
      onChange={(next) => {
        setDraft(next);
        onChange(next);
      }}
    />
  );
}

function GroupEditor({
  group,
  level,
  fields,
  formats,
  onChange,
}: Omit<Props, "filter" | "onChange"> & { group: Group; level: number; onChange(group: Group): void }) {
  const { t } = useTranslation();
  const set = (i: number, part: Part | undefined) =>
    onChange({ ...group, parts: group.parts.flatMap((one, at) => (at === i ? (part ?? []) : one)) });
  const first = fields.all[0];
  return (
    <fieldset className={css.group} data-level={level}>
      {level > 1 && (
        <NativeSelect
          size="xs"
          aria-label={t("list.mode_choose")}
          value={group.mode}
          data={(["all", "any", "none"] as Mode[]).map((mode) => ({ value: mode, label: t(`list.mode.${mode}`) }))}
          onChange={(event) => onChange({ ...group, mode: event.currentTarget.value as Mode })}
        />
      )}
      {level === 1 && group.parts.length > 1 && <span className="quiet small">{t("list.mode.all")}</span>}
      {group.parts.map((part, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a filter have no other name than their place
        <div className={css.part} key={i}>
          {part.is === "group" ? (
            <GroupEditor
              group={part}
              level={level + 1}
              fields={fields}
              formats={formats}
              onChange={(next) => set(i, next)}
            />
          ) : part.is === "text" ? (
            <code>{part.text}</code>
          ) : (
            <>
              <NativeSelect
                size="xs"
                aria-label={t("list.field")}
                value={part.path}
                data={fields.all.map((c) => ({ value: c.path, label: c.label }))}
                onChange={(event) => set(i, begun(fields, event.currentTarget.value))}
              />
              <ConditionEditor condition={part} fields={fields} formats={formats} onChange={(next) => set(i, next)} />
            </>
          )}
          <CloseButton size="sm" aria-label={t("list.remove")} onClick={() => set(i, undefined)} />
        </div>
      ))}
      <div className={css.adds}>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconPlus size={12} />}
          disabled={!first}
          onClick={() => first && onChange({ ...group, parts: [...group.parts, begun(fields, first.path)] })}
        >
          {t("list.add_condition")}
        </Button>
        {level < levels && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconPlus size={12} />}
            disabled={!first}
            onClick={() =>
              first &&
              onChange({
                ...group,
                parts: [...group.parts, { is: "group", mode: "any", parts: [begun(fields, first.path)] }],
              })
            }
          >
            {t("list.add_group")}
          </Button>
        )}
      </div>
    </fieldset>
  );
}

/** A condition on a field that has no value yet: the operator is preset. */
export function begun(fields: Fields, path: string): Condition {
  const operators = fields.operators(path) ?? [];
  // Days begin with the days of the calendar, which need no value; what is preset should not filter by itself.
  const operator = operators.find((one) => one.takes !== 0) ?? operators[0];
  const values = operator?.of === "count" ? [{ is: "number" as const, text: "7" }] : [];
  return { is: "condition", path, operator: operator?.id ?? "", values };
}
