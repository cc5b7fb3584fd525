import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { type Run, runsOf } from "~/api/workflows";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { State } from "~/ui/State";
import { recordKey } from "../opened";
import { RunSteps } from "./RunSteps";
import css from "./Runs.module.css";

interface Props {
  object: ObjectModel;
  id: string;
  formats: Formats;
}

/** What workflows did with a record, the latest first; one that is opened tells its steps. */
export function RunsPanel({ object, id, formats }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [open, setOpen] = useState<string>();
  const found = useInfiniteQuery({
    queryKey: [...recordKey(me.tenant, object, id), "runs"],
    queryFn: ({ pageParam, signal }) => runsOf(object.name, id, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  const runs = found.data?.pages.flatMap((page) => page.items) ?? [];
  if (found.isSuccess && runs.length === 0) return <p className="quiet">{t("record.related_none")}</p>;
  return (
    <>
      <ul className={css.runs}>
        {runs.map((run) => (
          <li key={run.id}>
            <button
              type="button"
              className={css.run}
              aria-expanded={open === run.id}
              onClick={() => setOpen(open === run.id ? undefined : run.id)}
            >
              <span className={css.head}>
                <strong>{run.label}</strong>
                <time className="quiet small" dateTime={run.started_at} title={formats.datetime(run.started_at)}>
                  {formats.moment(run.started_at)}
                </time>
              </span>
              <span className={css.became}>
                <State of={run.state} says={t(`run.state.${run.state}`)} />
                <Became run={run} formats={formats} />
              </span>
            </button>
            {open === run.id && <RunSteps object={object} id={id} run={run} formats={formats} />}
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <Button
          variant="subtle"
          size="compact-xs"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("record.activity.earlier")}
        </Button>
      )}
    </>
  );
}

/** What a run waits for, or why it failed, and who set it off. */
function Became({ run, formats }: { run: Run; formats: Formats }) {
  const { t } = useTranslation();
  const parts: string[] = [];
  if (run.state === "waiting") {
    const time = run.due_at && formats.datetime(run.due_at);
    if (run.watches) parts.push(time ? t("run.watches_until", { time }) : t("run.watches"));
    else parts.push(time ? t("run.until", { time }) : t("run.answer"));
  }
  if (run.by) parts.push(t("run.by", { who: run.by_name ?? t("inbox.somebody") }));
  return (
    <>
      <span className="quiet small">{parts.join(" · ")}</span>
      {run.problem && <span className={css.problem}>{run.problem.detail}</span>}
    </>
  );
}
