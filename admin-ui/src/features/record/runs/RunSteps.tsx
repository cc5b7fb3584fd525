import { Button } from "@mantine/core";
import { IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { cancelRun, openRun, type Run, retryRun } from "~/api/workflows";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";
import { recordKey } from "../opened";
import { Effect } from "./Effect";
import css from "./Runs.module.css";

interface Props {
  object: ObjectModel;
  id: string;
  run: Run;
  formats: Formats;
}

/** What the steps of a run did, and what may be done with it. */
export function RunSteps({ object, id, run, formats }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [ending, setEnding] = useState(false);
  const found = useQuery({
    queryKey: [...recordKey(me.tenant, object, id), "runs", run.id, run.state],
    queryFn: ({ signal }) => openRun(object.name, id, run.id, signal),
  });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  const open = found.data;
  if (!open) return <div className={css.coming} aria-busy="true" />;
  const change = async (send: (run: string) => Promise<unknown>) => {
    setBusy(true);
    try {
      await send(run.id);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant] });
    setBusy(false);
    setEnding(false);
  };
  const here = open.at !== undefined && open.steps.at(-1)?.label === open.at; // it is where it last did something
  return (
    <div className={css.open}>
      {open.steps.length === 0 && <p className="quiet small">{t("run.nothing")}</p>}
      <ol className={css.steps}>
        {open.steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what was done stays in order, and a step may be done again
          <li key={index}>
            <span className={css.head}>
              <span>
                <span className={css.title}>{step.label}</span>
                {here && index === open.steps.length - 1 && (
                  <span className="quiet small"> · {t(`run.state.${run.state}`)}</span>
                )}
              </span>
              <time className="quiet small" dateTime={step.at} title={formats.datetime(step.at)}>
                {formats.moment(step.at)}
              </time>
            </span>
            {step.effects.map((effect, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <Effect key={at} effect={effect} of={object} id={id} names={open.names} formats={formats} />
            ))}
          </li>
        ))}
        {open.at && !here && (
          <li className={css.now}>
            <span className={css.title}>
              {t(run.state === "failed" ? "run.failed_at" : "run.waits_at", { step: open.at })}
            </span>
          </li>
        )}
      </ol>
      {open.can_cancel && ending && (
        <section className={css.ending} aria-label={t("run.end.title", { label: run.label })}>
          <p>
            <strong>{t("run.end.title", { label: run.label })}</strong>
          </p>
          <p>{t(open.undoes ? "run.end.undoes" : "run.end.stays")}</p>
          <p>{t("run.end.waits")}</p>
          <div className={css.actions}>
            <Button
              size="compact-sm"
              variant="default"
              c="var(--bad)"
              leftSection={<IconPlayerStop size={14} />}
              disabled={busy}
              onClick={() => void change(cancelRun)}
            >
              {t("run.cancel")}
            </Button>
            <Button size="compact-sm" variant="default" autoFocus disabled={busy} onClick={() => setEnding(false)}>
              {t("run.end.not")}
            </Button>
          </div>
        </section>
      )}
      {(open.can_retry || (open.can_cancel && !ending)) && (
        <div className={css.actions}>
          {open.can_retry && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconRefresh size={14} />}
              disabled={busy}
              onClick={() => void change(retryRun)}
            >
              {t("run.retry")}
            </Button>
          )}
          {open.can_cancel && !ending && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPlayerStop size={14} />}
              onClick={() => setEnding(true)}
            >
              {t("run.cancel")}…
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
