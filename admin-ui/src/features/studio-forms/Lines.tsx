import { ActionIcon, Button, Menu, Select } from "@mantine/core";
import { IconGripVertical, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Patch } from "~/api/drafts";
import { say } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import css from "./Forms.module.css";
import type { Chosen } from "./Panel";
import { adds, addsStep, type FormDoc, isAskable, type Line, linesOf, moves, neighbours, removes } from "./shaped";

interface Props {
  form: FormDoc;
  object: ObjectModel | undefined;
  chosen: Chosen;
  choose(one: Chosen): void;
  change(patch: Patch): void;
}

/** What the form asks, step by step: put in order by drag or menu, added to from the fields of the object. */
export function Lines({ form, object, chosen, choose, change }: Props) {
  const { t, i18n } = useTranslation();
  const [dragged, setDragged] = useState<number>();
  const lines = linesOf(form);
  const given = new Set(form.fields?.flatMap((one) => one.field ?? []));
  const free = [...(object?.fields.values() ?? [])]
    .filter((one) => !given.has(one.name) && isAskable(one.type, one.doc.read_only))
    .map((one) => ({ value: one.name, label: one.label }));
  const drop = (before: number | undefined, step: string | undefined) => {
    if (dragged !== undefined) change(moves(form, dragged, before, step));
    setDragged(undefined);
  };
  return (
    <div className={css.lines}>
      <button
        type="button"
        className={css.whole}
        aria-pressed={chosen.of === "form"}
        onClick={() => choose({ of: "form" })}
      >
        {t("studio.forms.whole")}
      </button>
      {lines.map((line, i) => (
        <section key={line.step?.name ?? ""} className={css.line}>
          {line.step && (
            <button
              type="button"
              className={css.step}
              aria-pressed={chosen.of === "steps" && chosen.index === i}
              onClick={() => choose({ of: "steps", index: i })}
              onDragOver={(event) => event.preventDefault()}
              onDrop={() => drop(line.asked[0]?.index, line.step?.name)}
            >
              {say(line.step.label, i18n.language, line.step.name)}
              {line.step.visible_when && <span className="quiet small">{t("studio.forms.conditional")}</span>}
            </button>
          )}
          <ul aria-label={line.step ? say(line.step.label, i18n.language, line.step.name) : t("studio.forms.asked")}>
            {line.asked.map(({ index, doc }) => {
              const label = say(
                doc.label,
                i18n.language,
                doc.field ? (object?.fields.get(doc.field)?.label ?? doc.field) : (doc.field_set ?? ""),
              );
              return (
                <li
                  key={doc.field ?? doc.field_set}
                  onDragOver={(event) => dragged !== undefined && event.preventDefault()}
                  onDrop={() => drop(index, line.step?.name)}
                >
                  <Grip
                    form={form}
                    lines={lines}
                    line={line}
                    index={index}
                    label={label}
                    drag={setDragged}
                    change={(patch) => {
                      choose({ of: "form" });
                      change(patch);
                    }}
                  />
                  <button
                    type="button"
                    className={css.asked}
                    aria-pressed={chosen.of === "fields" && chosen.index === index}
                    onClick={() => choose({ of: "fields", index })}
                  >
                    <span>{label}</span>
                    {doc.visible_when && <span className="quiet small">{t("studio.forms.conditional")}</span>}
                  </button>
                </li>
              );
            })}
          </ul>
          <Select
            size="xs"
            searchable
            leftSection={<IconPlus size={14} />}
            aria-label={
              line.step
                ? t("studio.forms.add_on", { step: say(line.step.label, i18n.language, line.step.name) })
                : t("studio.forms.add")
            }
            placeholder={t("studio.forms.add")}
            data={free}
            value={null}
            onChange={(field) => {
              if (!field) return;
              change(adds(form, field, line.step?.name));
              choose({ of: "fields", index: form.fields?.length ?? 0 });
            }}
          />
        </section>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconPlus size={14} />}
        onClick={() => change(addsStep(form, (step) => ({ en: `Step ${step}`, zh: `第 ${step} 步` })))}
      >
        {t("studio.forms.add_step")}
      </Button>
    </div>
  );
}

interface GripProps {
  form: FormDoc;
  lines: Line[];
  line: Line;
  index: number;
  label: string;
  drag(index: number | undefined): void;
  change(patch: Patch): void;
}

/** Moves what is asked: by drag, or by its menu. */
function Grip({ form, lines, line, index, label, drag, change }: GripProps) {
  const { t, i18n } = useTranslation();
  const { before, behind, beyond } = neighbours(line, index);
  const step = line.step?.name;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon
          size={28}
          variant="subtle"
          color="gray"
          draggable
          aria-label={t("studio.move_this", { label })}
          onDragStart={(event: React.DragEvent) => {
            event.dataTransfer.effectAllowed = "move";
            drag(index);
          }}
          onDragEnd={() => drag(undefined)}
        >
          <IconGripVertical size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={before === undefined} onClick={() => change(moves(form, index, before, step))}>
          {t("studio.up")}
        </Menu.Item>
        <Menu.Item disabled={behind === undefined} onClick={() => change(moves(form, index, beyond, step))}>
          {t("studio.down")}
        </Menu.Item>
        {lines
          .flatMap((one) => (one.step && one !== line ? [one.step] : []))
          .map((one) => (
            <Menu.Item key={one.name} onClick={() => change(moves(form, index, undefined, one.name))}>
              {t("studio.forms.to_step", { step: say(one.label, i18n.language, one.name) })}
            </Menu.Item>
          ))}
        <Menu.Divider />
        <Menu.Item color="red" onClick={() => change(removes(form, index))}>
          {t("studio.forms.not_asked")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
