import { ActionIcon, Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { backtest, runsOfWorkflow, type StepDone, tryWorkflow, wholeRun } from "~/api/runs";
import type { Document } from "~/api/session";
import { cancelRun, retryRun } from "~/api/workflows";
import { find } from "~/fields/find";
import { ReferenceInput } from "~/fields/ReferenceInput";
import { useFormats } from "~/fields/useFormats";
import { enteredField } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useSample } from "~/studio/form/Sample";
import { notify } from "~/ui/notices";
import type { Mark } from "./Canvas";
import { Done } from "./Done";
import css from "./Flows.module.css";

export interface Shown {
  document: Document;
  name: string;
  object: string | undefined;
  titleOf(step: string): string;
  /** Says on the canvas what became of each step. */
  mark(marks: ReadonlyMap<string, Mark>): void;
  close(): void;
}

function Side({ title, close, children }: { title: string; close(): void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <aside className={css.panel} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <ActionIcon variant="subtle" color="gray" aria-label={t("app.close")} onClick={close}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      {children}
    </aside>
  );
}

/** What became of each step, for the canvas. */
function useMarks(
  trace: StepDone[] | undefined,
  mark: Shown["mark"],
  { failed, waits }: { failed?: string; waits?: string } = {},
) {
  const { t } = useTranslation();
  useEffect(() => {
    const marks = new Map<string, Mark>();
    for (const { step, effects } of trace ?? [])
      marks.set(step, { tone: "ok", text: t("studio.flows.effects", { count: effects.length }) });
    if (failed) marks.set(failed, { tone: "bad", text: t("run.state.failed") });
    if (waits) marks.set(waits, { tone: "info", text: t("run.state.waiting") });
    mark(marks);
  }, [trace, mark, failed, waits, t]);
}

const problemOf = (error: unknown, otherwise: string) => {
  const why = refusal(error);
  return why?.errors?.[0]?.detail ?? why?.detail ?? otherwise;
};

/** Tries the workflow as it is drawn on a record: every effect is shown, and none is done. */
export function Trying({ document, name, object, titleOf, mark, close }: Shown) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const sample = useSample(object);
  const [chosen, choose] = useState<string | null>(null);
  const record = chosen ?? sample?.id;
  const tried = useMutation({ mutationFn: () => tryWorkflow(name, document, object ? record : undefined) });
  const trace = tried.data?.trace;
  useMarks(trace, mark);
  return (
    <Side title={t("studio.flows.try")} close={close}>
      <p className="quiet small">{t("studio.flows.try_says")}</p>
      {object && (
        <ReferenceInput
          field={{ ...enteredField(model, object, { type: "lookup", object }), label: t("studio.access.record") }}
          formats={formats}
          target={object}
          label={t("studio.access.record")}
          value={record ?? null}
          candidates={find(model, object)}
          onChange={choose}
        />
      )}
      <Button
        size="xs"
        style={{ justifySelf: "start" }}
        loading={tried.isPending}
        disabled={!!object && !record}
        onClick={() => tried.mutate()}
      >
        {t("studio.flows.try_now")}
      </Button>
      {tried.isError && (
        <p role="alert" className="bad">
          {problemOf(tried.error, t("error.offline"))}
        </p>
      )}
      {tried.data && (
        <p role="status">
          {t(tried.data.state === "cancelled" ? "studio.flows.not_wanted" : `studio.flows.would_${tried.data.state}`)}{" "}
          {tried.data.problem?.detail}
        </p>
      )}
      {trace && <Done trace={trace} titleOf={titleOf} />}
    </Side>
  );
}

/** When the workflow, as it is drawn, would have been set off in the past. */
export function Past({ document, mark, close }: Shown) {
  const { t } = useTranslation();
  const formats = useFormats();
  const looked = useMutation({ mutationFn: (days: number) => backtest(document, days) });
  useMarks(undefined, mark);
  const found = looked.data;
  return (
    <Side title={t("studio.flows.past")} close={close}>
      <p className="quiet small">{t("studio.flows.past_says")}</p>
      <div style={{ display: "flex", gap: 8 }}>
        {[7, 30, 90].map((days) => (
          <Button
            key={days}
            size="xs"
            variant="default"
            loading={looked.isPending && looked.variables === days}
            onClick={() => looked.mutate(days)}
          >
            {t("studio.flows.days", { count: days })}
          </Button>
        ))}
      </div>
      {looked.isError && (
        <p role="alert" className="bad">
          {problemOf(looked.error, t("error.offline"))}
        </p>
      )}
      {found && (
        <>
          <p role="status">{t("studio.flows.fired", { count: found.fired })}</p>
          {found.failed > 0 && (
            <p className="bad">
              {t("studio.flows.failed_times", { count: found.failed })} {found.problem?.detail}
            </p>
          )}
          <ul className={css.list}>
            {found.examples.map((one, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: times have no other name than their place
              <li key={i}>{formats.datetime(one.at)}</li>
            ))}
          </ul>
        </>
      )}
    </Side>
  );
}

/** The runs of the published workflow: what became of one is shown on the canvas, and what its steps did beside it. */
export function Runs({ name, titleOf, mark, close }: Shown) {
  const { t } = useTranslation();
  const { me } = useSession();
  const formats = useFormats();
  const cache = useQueryClient();
  const listed = useQuery({ queryKey: [me.tenant, "runs", name], queryFn: () => runsOfWorkflow(name), staleTime: 0 });
  const [chosen, choose] = useState<string>();
  const run = useQuery({
    queryKey: [me.tenant, "runs", name, chosen],
    queryFn: () => wholeRun(chosen as string),
    enabled: !!chosen,
    staleTime: 0,
  }).data;
  const shown = run?.id === chosen ? run : undefined;
  useMarks(shown?.trace, mark, {
    failed: shown?.state === "failed" ? shown.next : undefined,
    waits: shown?.state === "waiting" ? shown.next : undefined,
  });
  const act = async (send: (id: string) => Promise<unknown>) => {
    try {
      await send(chosen as string);
    } catch (error) {
      notify({ text: problemOf(error, t("error.offline")), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant, "runs", name] });
  };
  return (
    <Side title={t("studio.flows.runs")} close={close}>
      {listed.data?.items.length === 0 && <p className="quiet">{t("studio.flows.no_runs")}</p>}
      <ul className={css.list}>
        {listed.data?.items.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="link"
              aria-pressed={one.id === chosen}
              onClick={() => choose(one.id === chosen ? undefined : one.id)}
            >
              {formats.datetime(one.started_at)} · {t(`run.state.${one.state}`)}
            </button>
            {one.problem && <p className="bad small">{one.problem.detail}</p>}
            {one.id === chosen && shown && (
              <>
                <div style={{ display: "flex", gap: 8, margin: "8px 0" }}>
                  {(one.state === "failed" || one.state === "cancelled") && (
                    <Button size="compact-xs" onClick={() => void act(retryRun)}>
                      {t("studio.flows.retry")}
                    </Button>
                  )}
                  {one.state === "waiting" && (
                    <Button size="compact-xs" variant="default" onClick={() => void act(cancelRun)}>
                      {t("studio.flows.cancel")}
                    </Button>
                  )}
                </div>
                <Done trace={shown.trace} titleOf={titleOf} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Side>
  );
}
