import { Button, Checkbox, Select, Switch } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import { type ObjectDoc, type OptionDoc, ordered, say } from "~/meta/documents";
import { useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { patchAt } from "~/studio/patching";
import { type Schema, within } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import { optionsOf } from "./options";
import { Rest } from "./Rest";
import css from "./Stages.module.css";
import { drawn, follows, type StageDoc, tall, wide } from "./stageGraph";

type Staged = Omit<ObjectDoc, "stages"> & { stages?: { field: string; stages: Record<string, StageDoc> } };

/** Where records of an object go: its stages as a drawing, what each asks for and may be followed by, and record types. */
export function Stages({ object, schema }: { object: Document; schema: Schema }) {
  const { t } = useTranslation();
  const doc = object as unknown as Staged;
  return (
    <div className={css.page}>
      {doc.stages ? (
        <Drawing key={doc.stages.field} object={object} stages={doc.stages} schema={schema} />
      ) : (
        <Begin object={doc} />
      )}
      <h2 className={css.more}>{t("studio.record_types")}</h2>
      <Rest object={object} schema={schema} only={recordTypes} />
    </div>
  );
}
const recordTypes = ["record_type", "record_types"] as const;

/** The options of the field whose values are the stages. */
function useOptions(object: Staged, field: string | undefined): Record<string, OptionDoc> {
  const documents = useDocuments();
  return optionsOf(documents, field ? object.fields[field] : undefined);
}

/** An object without stages: they are made of the options of a choice. */
function Begin({ object }: { object: Staged }) {
  const { t, i18n } = useTranslation();
  const { patch } = useChanging();
  const choices = ordered(object.fields).filter((one) => one.type === "picklist");
  const [field, setField] = useState<string | null>(null);
  const chosen = field ?? choices[0]?.name ?? null;
  const options = useOptions(object, chosen ?? undefined);
  if (choices.length === 0) return <p className="quiet">{t("studio.stages_need_choice")}</p>;
  const begin = () => {
    const stages = Object.fromEntries(
      ordered(options).map(({ name, order }, i) => [name, { order: order ?? i * 10 + 10 }]),
    );
    void patch({ kind: "object", name: object.name }, { stages: { field: chosen, stages } }, t("studio.stages_made"));
  };
  return (
    <div className={css.begin}>
      <p className="quiet">{t("studio.stages_say")}</p>
      <Select
        size="xs"
        label={t("studio.stages_of")}
        data={choices.map((one) => ({ value: one.name, label: say(one.label, i18n.language, one.name) }))}
        value={chosen}
        allowDeselect={false}
        onChange={setField}
      />
      <Button size="xs" disabled={Object.keys(options).length === 0} onClick={begin}>
        {t("studio.stages_make")}
      </Button>
    </div>
  );
}

interface DrawingProps {
  object: Document;
  stages: { field: string; stages: Record<string, StageDoc> };
  schema: Schema;
}

function Drawing({ object, stages, schema }: DrawingProps) {
  const { t, i18n } = useTranslation();
  const doc = object as unknown as Staged;
  const options = useOptions(doc, stages.field);
  const { boxes, lines, width, above, below } = useMemo(() => drawn(stages.stages), [stages]);
  const [chosen, choose] = useState<string>();
  const name = (stage: string) => say(options[stage]?.label, i18n.language, stage);
  const of = chosen && chosen in stages.stages ? chosen : undefined;
  return (
    <>
      <div className={css.canvas}>
        <div className={css.drawing} style={{ width: width + 16, height: above + below + tall + 24 }}>
          <svg aria-hidden width={width + 16} height={above + below + tall + 24}>
            <defs>
              <marker
                id="stage-arrow"
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                orient="auto"
              >
                <path d="M 0 0 L 8 4 L 0 8 z" />
              </marker>
            </defs>
            <g transform={`translate(8, ${above + 12})`}>
              {lines.map((one) => (
                <path
                  key={`${one.from} ${one.to}`}
                  d={one.path}
                  data-guarded={one.guarded}
                  data-near={one.from === of || one.to === of}
                  markerEnd="url(#stage-arrow)"
                />
              ))}
            </g>
          </svg>
          {boxes.map((one) => (
            <button
              key={one.name}
              type="button"
              className={css.box}
              data-color={options[one.name]?.color}
              data-outcome={one.outcome}
              aria-pressed={one.name === of}
              style={{ left: one.x + 8, top: above + 12, width: wide, height: tall }}
              onClick={() => choose(one.name === of ? undefined : one.name)}
            >
              <span>{name(one.name)}</span>
              {one.open && <small>{t("studio.stage_open")}</small>}
            </button>
          ))}
        </div>
      </div>
      {of ? (
        <Stage key={of} object={object} stages={stages.stages} stage={of} called={name} schema={schema} />
      ) : (
        <p className="quiet small">{t("studio.stage_choose")}</p>
      )}
    </>
  );
}

interface StageProps {
  object: Document;
  stages: Record<string, StageDoc>;
  stage: string;
  called(stage: string): string;
  schema: Schema;
}

/** What a stage asks for, and which may follow it under what condition. */
function Stage({ object, stages, stage, called, schema }: StageProps) {
  const { t } = useTranslation();
  const documents = useDocuments();
  const { patch } = useChanging();
  const key = { kind: "object", name: String(object.name) };
  const problems = useProblems(key);
  const suggests = useMemo(() => documents && suggestionsOf(documents, object), [documents, object]);
  const at = ["stages", "stages", stage];
  const says = t("studio.changed_this", { label: called(stage) });
  const change = (path: string[], value: unknown) => void patch(key, patchAt(path, value), says);
  const one = stages[stage] as StageDoc;
  const moves = ordered(stages).filter(({ name }) => name !== stage);
  const common = { root: schema, change, suggests, problems, object: key.name };
  const stageSchema = within(schema, schema, object, at);
  return (
    <section className={css.stage} aria-label={called(stage)}>
      <h2>{called(stage)}</h2>
      <div className={css.columns}>
        <div>
          {stageSchema && (
            <SchemaForm
              {...common}
              schema={stageSchema}
              value={one}
              path={at}
              without={["to", "order"]}
              first={["outcome", "required"]}
            />
          )}
        </div>
        <fieldset className={css.moves}>
          <legend>{t("studio.stage_followed")}</legend>
          <Switch
            size="xs"
            label={t("studio.stage_any")}
            checked={one.to === undefined}
            onChange={(event) =>
              change(
                [...at, "to"],
                event.currentTarget.checked ? undefined : Object.fromEntries(moves.map(({ name }) => [name, {}])),
              )
            }
          />
          {moves.map(({ name }) => {
            const move = one.to?.[name];
            const moveSchema = within(schema, schema, object, [...at, "to", name]);
            return (
              <div key={name}>
                <Checkbox
                  size="xs"
                  label={
                    <>
                      {called(name)} {move?.when && <IconLock size={12} aria-label={t("studio.stage_guarded")} />}
                    </>
                  }
                  checked={one.to === undefined || move !== undefined}
                  onChange={(event) => change([...at, "to"], follows(stages, stage, name, event.currentTarget.checked))}
                />
                {move && moveSchema && (
                  <details open={!!move.when}>
                    <summary>{t("studio.stage_guard")}</summary>
                    <SchemaForm
                      {...common}
                      schema={moveSchema}
                      value={move}
                      path={[...at, "to", name]}
                      first={["when", "message"]}
                    />
                  </details>
                )}
              </div>
            );
          })}
        </fieldset>
      </div>
    </section>
  );
}
