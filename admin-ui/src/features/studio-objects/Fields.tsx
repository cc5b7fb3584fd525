import { ActionIcon, Checkbox, Menu } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDotsVertical, IconGripVertical, IconTrash, IconX } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Document } from "~/api/session";
import { type FieldDoc, type ObjectDoc, ordered, say } from "~/meta/documents";
import { useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { typesOf } from "~/studio/fields";
import { useTyped } from "~/studio/form/kept";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { patchAt } from "~/studio/patching";
import type { Schema } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import { Dependent } from "./Dependent";
import { moved } from "./made";
import { NewField } from "./NewField";
import css from "./Objects.module.css";
import { optionsOf } from "./options";

/** The fields of an object, one a line; the settings of the chosen one are beside them. */
export function Fields({ object, schema }: { object: Document; schema: Schema }) {
  const { t, i18n } = useTranslation();
  const [params, setParams] = useSearchParams();
  const { patch } = useChanging();
  const doc = object as unknown as ObjectDoc;
  const key = { kind: "object", name: doc.name };
  const problems = useProblems(key);
  const fields = useMemo(() => ordered(doc.fields), [doc]);
  const names = fields.map((one) => one.name);
  const chosen = params.get("field") ?? undefined;
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const choose = (name: string | undefined) =>
    setParams((now) => {
      const next = new URLSearchParams(now);
      if (name) next.set("field", name);
      else next.delete("field");
      return next;
    });
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: fields.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => (phone ? 44 : 36),
    overscan: 12,
  });
  const [dragged, setDragged] = useState<string>();
  const [over, setOver] = useState<string>();
  const move = (name: string, to: number) =>
    void patch(key, moved(doc, names, name, Math.max(0, Math.min(to, names.length - 1))), t("studio.moved"));
  const troubled = useMemo(
    () => new Set([...problems.keys()].filter((at) => at.startsWith("/fields/")).map((at) => at.split("/")[2])),
    [problems],
  );
  const types = typesOf(schema);
  const field = chosen ? doc.fields[chosen] : undefined;
  return (
    <div className={css.split} data-open={!!field}>
      <div className={css.fields}>
        <div className={css.headings} aria-hidden>
          <span />
          <span>{t("studio.label")}</span>
          <span>{t("studio.name")}</span>
          <span>{t("studio.type_of_field")}</span>
          <span>{t("studio.required")}</span>
        </div>
        <div className={css.scroll} ref={scroll}>
          <ul className={css.rows} style={{ height: rows.getTotalSize() }} aria-label={t("studio.tab.fields")}>
            {rows.getVirtualItems().map((row) => {
              const one = fields[row.index] as FieldDoc & { name: string };
              const label = say(one.label, i18n.language, one.name);
              return (
                <li
                  key={one.name}
                  className={css.row}
                  style={{ transform: `translateY(${row.start}px)` }}
                  data-chosen={one.name === chosen}
                  data-over={dragged !== undefined && one.name === over}
                  data-bad={troubled.has(one.name)}
                  onDragOver={(event) => {
                    if (!dragged) return;
                    event.preventDefault();
                    setOver(one.name);
                  }}
                  onDrop={(event) => {
                    event.preventDefault();
                    if (dragged && dragged !== one.name)
                      move(dragged, row.index > names.indexOf(dragged) ? row.index - 1 : row.index);
                    setDragged(undefined);
                  }}
                >
                  <Menu position="bottom-start">
                    <Menu.Target>
                      <button
                        type="button"
                        className={css.grip}
                        draggable
                        aria-label={t("studio.move_this", { label })}
                        onDragStart={(event) => {
                          event.dataTransfer.effectAllowed = "move";
                          setDragged(one.name);
                        }}
                        onDragEnd={() => setDragged(undefined)}
                      >
                        <IconGripVertical size={14} />
                      </button>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => move(one.name, 0)}>{t("studio.to_top")}</Menu.Item>
                      <Menu.Item onClick={() => move(one.name, row.index - 1)}>{t("studio.up")}</Menu.Item>
                      <Menu.Item onClick={() => move(one.name, row.index + 1)}>{t("studio.down")}</Menu.Item>
                      <Menu.Item onClick={() => move(one.name, names.length - 1)}>{t("studio.to_end")}</Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                  <LabelOf
                    label={label}
                    say={(text) =>
                      void patch(
                        key,
                        patchAt(
                          ["fields", one.name, "label"],
                          typeof one.label === "object" ? { [i18n.language]: text } : text,
                        ),
                        t("studio.changed_this", { label }),
                      )
                    }
                  />
                  <button
                    type="button"
                    className={css.open}
                    aria-label={t("studio.settings_of", { label })}
                    onClick={() => choose(one.name)}
                  >
                    <code>{one.name}</code>
                  </button>
                  <button type="button" className={css.open} tabIndex={-1} aria-hidden onClick={() => choose(one.name)}>
                    {t(`studio.type.${one.type}`, one.type)}
                  </button>
                  <Checkbox
                    size="xs"
                    aria-label={t("studio.required_this", { label })}
                    checked={one.required === true}
                    indeterminate={typeof one.required === "string"}
                    disabled={typeof one.required === "string"}
                    onChange={(event) =>
                      void patch(
                        key,
                        patchAt(["fields", one.name, "required"], event.currentTarget.checked || undefined),
                        t("studio.changed_this", { label }),
                      )
                    }
                  />
                </li>
              );
            })}
          </ul>
        </div>
        <div className={css.adding}>
          <NewField object={object} types={types} made={choose} />
        </div>
      </div>
      {chosen && field && (
        <Panel key={chosen} object={object} name={chosen} schema={schema} close={() => choose(undefined)} />
      )}
    </div>
  );
}

function LabelOf({ label, say }: { label: string; say(text: string): void }) {
  const { t } = useTranslation();
  const text = useTyped(label, (typed) => (typed.trim() ? say(typed.trim()) : text.give()));
  return (
    <input
      className={css.label}
      aria-label={t("studio.label_of", { label })}
      value={text.typed}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={text.leave}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") text.leave();
        if (event.key === "Escape") text.give();
      }}
    />
  );
}

interface PanelProps {
  object: Document;
  name: string;
  schema: Schema;
  close(): void;
}

/** All that a field says, drawn from the schema of its type. */
function Panel({ object, name, schema, close }: PanelProps) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { patch } = useChanging();
  const doc = object as unknown as ObjectDoc;
  const key = { kind: "object", name: doc.name };
  const problems = useProblems(key);
  const field = doc.fields[name];
  const label = say(field?.label, i18n.language, name);
  const suggests = useMemo(() => documents && suggestionsOf(documents, object), [documents, object]);
  const each = (schema.$defs as Record<string, Schema>).field as Schema;
  const by = field?.depends_on ? doc.fields[field.depends_on] : undefined;
  return (
    <aside className={css.panel} aria-label={t("studio.settings_of", { label })}>
      <header>
        <h2>{label}</h2>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t("studio.more")}>
              <IconDotsVertical size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              color="red"
              leftSection={<IconTrash size={14} />}
              disabled={doc.name_field === name}
              onClick={() => {
                close();
                void patch(key, patchAt(["fields", name], undefined), t("studio.removed", { label }));
              }}
            >
              {t("studio.remove")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <ActionIcon variant="subtle" color="gray" aria-label={t("app.close")} onClick={close}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      <SchemaForm
        root={schema}
        schema={each}
        value={field}
        path={["fields", name]}
        first={[
          "label",
          "type",
          "help",
          "required",
          "options",
          "object",
          "result",
          "expression",
          "default",
          "default_expr",
        ]}
        without={["order"]}
        change={(path, value) => void patch(key, patchAt(path, value), t("studio.changed_this", { label }))}
        suggests={suggests}
        called={(path, option) => (path.at(-1) === "type" ? t(`studio.type.${option}`, option) : undefined)}
        problems={problems}
        object={doc.name}
      />
      {field && by && (
        <Dependent
          label={label}
          options={optionsOf(documents, field)}
          by={{ ...by, name: field.depends_on as string }}
          among={optionsOf(documents, by)}
          change={(options) => {
            const of = field.picklist
              ? { key: { kind: "picklist", name: field.picklist }, patch: { options } }
              : { key, patch: patchAt(["fields", name, "options"], options) };
            void patch(of.key, of.patch, t("studio.changed_this", { label }));
          }}
        />
      )}
    </aside>
  );
}
