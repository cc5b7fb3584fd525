import { ActionIcon, Loader, Popover, Tooltip } from "@mantine/core";
import { IconCode, IconFilter, IconX } from "@tabler/icons-react";
import { lazy, type RefObject, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { everything, filterOf, type Group, type Part, written } from "~/expr";
import type { Formats } from "~/fields";
import type { Fields } from "~/filter/fields";
import { Words } from "~/filter/Words";
import css from "./Filter.module.css";
import { FilterBox } from "./FilterBox";

const Builder = lazy(() => import("~/filter/Builder"));
const ConditionEditor = lazy(() => import("~/filter/ConditionEditor").then((m) => ({ default: m.ConditionEditor })));

interface Props {
  fields: Fields;
  formats: Formats;
  filter: string;
  box: RefObject<HTMLInputElement | null>;
  onChange(filter: string): void;
}

/** The chips are the filter. What they say is the expression that the server is asked with; there is no Apply. */
export function FilterBar({ fields, formats, filter, box, onChange }: Props) {
  const { t } = useTranslation();
  const [raw, setRaw] = useState(false);
  const [at, setAt] = useState<number>();
  const group = useMemo(() => filterOf(filter, fields.operators), [filter, fields]);
  const write = (next: Group) => {
    const source = written(next, fields.operators);
    if (source !== written(group, fields.operators)) onChange(source);
  };
  const parts = group.parts;
  const set = (i: number, part: Part | undefined) =>
    write({ ...group, parts: parts.flatMap((one, place) => (place === i ? (part ?? []) : one)) });
  return (
    <search className={css.bar} aria-label={t("list.filter")}>
      <Popover position="bottom-start" width={560} shadow="sm" trapFocus returnFocus>
        <Popover.Target>
          <Tooltip label={t("list.filter_build")} withinPortal={false}>
            <ActionIcon variant="subtle" color="gray" aria-label={t("list.filter_build")}>
              <IconFilter size={16} />
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown>
          <Suspense fallback={<Loader size="xs" />}>
            <Builder filter={group} fields={fields} formats={formats} onChange={write} />
          </Suspense>
        </Popover.Dropdown>
      </Popover>
      <Tooltip label={t("list.expression")} withinPortal={false}>
        <ActionIcon
          variant={raw ? "light" : "subtle"}
          color="gray"
          aria-label={t("list.expression")}
          aria-pressed={raw}
          onClick={() => setRaw(!raw)}
        >
          <IconCode size={16} />
        </ActionIcon>
      </Tooltip>
      {parts.map((part, i) => (
        <Popover
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of a filter have no other name than their place
          key={i}
          position="bottom-start"
          shadow="sm"
          opened={at === i}
          onChange={(open) => setAt(open ? i : undefined)}
          returnFocus
        >
          <span className={css.chip}>
            <Popover.Target>
              <button type="button" aria-expanded={at === i} onClick={() => setAt(at === i ? undefined : i)}>
                <Words part={part} fields={fields} formats={formats} />
              </button>
            </Popover.Target>
            <button type="button" aria-label={t("list.remove")} onClick={() => set(i, undefined)}>
              <IconX size={12} />
            </button>
          </span>
          <Popover.Dropdown>
            <Suspense fallback={<Loader size="xs" />}>
              <Edited part={part} fields={fields} formats={formats} onChange={(next) => set(i, next)} />
            </Suspense>
          </Popover.Dropdown>
        </Popover>
      ))}
      <FilterBox
        fields={fields}
        formats={formats}
        input={box}
        onAdd={(part) => {
          const added = part.is === "group" && part.mode === "all" ? part.parts : [part];
          write({ ...group, parts: [...group.parts, ...added] });
        }}
        onLast={() => group.parts.length > 0 && set(group.parts.length - 1, undefined)}
      />
      {raw && (
        <textarea
          className={css.expression}
          aria-label={t("list.expression")}
          rows={2}
          spellCheck={false}
          key={filter}
          defaultValue={filter}
          onBlur={(event) => event.currentTarget.value.trim() !== filter && onChange(event.currentTarget.value.trim())}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            event.currentTarget.blur();
          }}
        />
      )}
    </search>
  );
}

/** A part that is being edited. Until it has its values, what it was before stays in force. */
function Edited({
  part,
  fields,
  formats,
  onChange,
}: {
  part: Part;
  fields: Fields;
  formats: Formats;
  onChange(part: Part | undefined): void;
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(part);
  if (draft.is === "condition")
    return (
      <ConditionEditor
        autoFocus
        condition={draft}
        fields={fields}
        formats={formats}
        onChange={(next) => {
          setDraft(next);
          if (written({ ...everything, parts: [next] }, fields.operators)) onChange(next);
        }}
      />
    );
  if (draft.is === "text") return <p className="quiet">{t("list.as_text")}</p>;
  return (
    <Builder
      filter={{ ...everything, parts: [part] }}
      fields={fields}
      formats={formats}
      onChange={(next) => onChange(next.parts[0])}
    />
  );
}
