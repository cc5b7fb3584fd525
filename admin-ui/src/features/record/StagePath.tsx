import { Popover, Select } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Stored } from "~/api/client";
import type { Formats } from "~/fields";
import { Missing, type Refused, refusedBy } from "~/fields/Missing";
import { optionLabel } from "~/fields/options";
import { ordered } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import css from "~/page/Page.module.css";

interface Props {
  object: ObjectModel;
  record: Stored;
  formats: Formats;
  /** Why the stage can't be changed; absent: it can. */
  fixed?: string;
  save(values: Record<string, unknown>, from: Stored): Promise<Problem | undefined>;
}

/** The stages as a path; what a stage needs is asked for where it was clicked. */
export function StagePath({ object, record, formats, fixed, save }: Props) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 720px)");
  const [asks, setAsks] = useState<Refused & { stage: string; values: Record<string, unknown> }>();
  const doc = object.doc.stages;
  const field = doc && object.fields.get(doc.field);
  if (!doc || !field) return null;
  const stages = ordered(doc.stages);
  const now = record[field.name] as string;
  const at = stages.findIndex((s) => s.name === now);

  const enter = async (stage: string, values: Record<string, unknown> = {}) => {
    const why = await save({ ...values, [field.name]: stage }, record);
    setAsks(why && { stage, values, ...refusedBy(object, why, [field.name]) });
  };
  const question = asks && (
    <Missing
      object={object}
      id={record.id}
      formats={formats}
      refused={asks}
      values={asks.values}
      onChange={(values) => setAsks({ ...asks, values })}
      onSave={() => void enter(asks.stage, asks.values)}
      onCancel={() => setAsks(undefined)}
    />
  );
  if (phone)
    return (
      <div className={css.stageSelect} data-stages>
        <Select
          size="md"
          maxDropdownHeight={400}
          label={t("record.stage")}
          disabled={fixed !== undefined}
          value={now}
          data={stages.map((s) => ({ value: s.name, label: optionLabel(field, s.name, formats.language) }))}
          onChange={(stage) => stage && void enter(stage)}
        />
        {question}
      </div>
    );
  return (
    <ol className={css.path} data-stages aria-label={t("record.stage")}>
      {stages.map((stage, i) => (
        <li key={stage.name}>
          <Popover
            opened={asks?.stage === stage.name}
            onChange={(open) => !open && setAsks(undefined)}
            position="bottom"
            shadow="md"
            width={300}
            trapFocus
            returnFocus
          >
            <Popover.Target>
              <button
                type="button"
                disabled={fixed !== undefined}
                title={fixed}
                aria-current={stage.name === now ? "step" : undefined}
                data-done={at >= 0 && i < at && !stage.outcome}
                data-outcome={stage.outcome}
                onClick={() => stage.name !== now && void enter(stage.name)}
                onKeyDown={beside}
              >
                {optionLabel(field, stage.name, formats.language)}
              </button>
            </Popover.Target>
            <Popover.Dropdown>{question}</Popover.Dropdown>
          </Popover>
        </li>
      ))}
    </ol>
  );
}

/** Arrows go from one stage to the next. */
function beside(event: KeyboardEvent<HTMLButtonElement>) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = [...(event.currentTarget.closest("ol")?.querySelectorAll<HTMLElement>("li > button") ?? [])];
  all[all.indexOf(event.currentTarget) + by]?.focus();
}
