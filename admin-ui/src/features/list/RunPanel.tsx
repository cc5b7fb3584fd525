import { Button, Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Problem, refusal } from "~/api/client";
import type { ListQuery } from "~/api/records";
import type { Button as Workflow } from "~/api/workflows";
import type { Formats } from "~/fields";
import { InputsForm } from "~/fields/InputsForm";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { chosenRows, TooMany } from "./bulk";
import css from "./ListPage.module.css";
import { mostPressed, type Reached, runOn } from "./running";
import type { Selection } from "./selection";

/** The rows that a workflow is run on. */
export interface OnChosen {
  object: ObjectModel;
  query: ListQuery;
  selection: Selection;
  count: number | undefined;
  formats: Formats;
}

interface Props extends OnChosen {
  workflow: Workflow;
  onClose(): void;
}

/** Asks for what the workflow needs, runs it on one part of the rows after the other, and says what became of them. */
export default function RunPanel({ object, query, selection, count, formats, workflow, onClose }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [reached, setReached] = useState<Reached>();
  const [problem, setProblem] = useState<string>();
  const stopped = useRef(false);
  const tooMany = t("list.run.too_many", { most: formats.number(mostPressed, 0) });
  const start = async (values: Record<string, unknown>): Promise<Problem | undefined> => {
    setProblem(undefined);
    try {
      const rows = await chosenRows(object.name, query, selection, [object.nameField], mostPressed);
      const ended = await runOn(object, workflow.name, rows, values, () => stopped.current, setReached);
      if (ended.inputs) setReached(undefined);
      await cache.invalidateQueries({ queryKey: [me.tenant] });
      return ended.inputs;
    } catch (error) {
      setProblem(error instanceof TooMany ? tooMany : (refusal(error)?.detail ?? t("error.offline")));
      return undefined;
    }
  };
  const close = () => {
    stopped.current = true; // what is under way is done, and no other part begins
    onClose();
  };
  const over = count !== undefined && count > mostPressed;
  return (
    <InputsForm
      button={workflow}
      says={
        <>
          <p>{count === undefined ? t("list.run.all") : t("list.run.on", { count })}</p>
          {(problem || over) && <p className="bad">{problem ?? tooMany}</p>}
        </>
      }
      onStart={start}
      onClose={close}
    >
      {reached && (
        <div className={css.reached}>
          <Progress value={(100 * reached.tried) / reached.of} aria-label={t("list.run.progress")} />
          <p aria-live="polite">
            {t("list.run.done", { count: reached.done })}
            {reached.refused.length > 0 && ` · ${t("list.run.refused", { count: reached.refused.length })}`}
            {reached.over &&
              reached.tried < reached.of &&
              ` · ${t("list.run.left", { count: reached.of - reached.tried })}`}
          </p>
          {problem && <p className="bad">{problem}</p>}
          <ul>
            {reached.refused.slice(0, 50).map((one) => (
              <li key={one.id}>
                <Link to={`/o/${object.name}/${one.id}`}>{one.name || t("recent.nameless")}</Link>
                <span className="quiet"> {one.why}</span>
              </li>
            ))}
          </ul>
          {reached.over || problem ? (
            <Button size="xs" data-autofocus onClick={close}>
              {t("record.close")}
            </Button>
          ) : (
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                stopped.current = true;
              }}
            >
              {t("list.run.stop")}
            </Button>
          )}
        </div>
      )}
    </InputsForm>
  );
}
