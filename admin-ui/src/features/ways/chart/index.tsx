import { NativeSelect } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { all } from "~/api/filters";
import { type Measure, measureName } from "~/api/measures";
import { count, listOf, measureLabel, measuresOf, measureText, useGroups } from "~/fields/groups";
import { useFormats } from "~/fields/useFormats";
import { say, type ViewDoc } from "~/meta/documents";
import { useSession } from "~/meta/session";
import { Chart } from "~/ui/chart/Chart";
import { Failure } from "~/ui/Failure";
import type { WayProps } from "../types";
import css from "./Chart.module.css";

/** What a view adds up, and how many records there are. */
const told = (view: ViewDoc | undefined) =>
  view?.sum?.length && view.chart !== "number"
    ? [...view.sum, ...(measuresOf(view.sum).some(isCount) ? [] : [count])]
    : view?.sum;
const isCount = (m: Measure) => measureName(m) === measureName(count);

/** What a list tells of its records, by the values of a field; every part leads to the list of its records. */
export default function ChartWay({ object, view, filter, q }: WayProps) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const only = all(view?.filter, filter);
  const group = view?.chart === "number" ? undefined : (view?.group ?? object.doc.stages?.field);
  const by = view?.group ? view.by : undefined;
  const [at, setAt] = useSearchParams();
  const charts = at.get("measure") ?? undefined;
  const asked = useMemo(
    () => ({ filter: only, q, group, by, sum: told(view), charts }),
    [only, q, group, by, view, charts],
  );
  const { found, points, column, measures, row } = useGroups(object, asked);
  const labelOf = (m: Measure) => measureLabel(model, object, m);
  const label = say(view?.label, i18n.language, object.plural);
  if (found.isError) {
    const why = refusal(found.error);
    return <Failure says={why?.detail} id={why?.id} again={() => void found.refetch()} />;
  }
  if (view?.chart !== "number" && !group) return <Failure says={t("ways.no_chart")} />;
  return (
    <div className={css.way}>
      {view?.chart === "number" ? (
        <dl className={css.numbers}>
          {measures.map((m) => (
            <div key={measureName(m)}>
              <dt>{labelOf(m)}</dt>
              <dd>
                <Link to={listOf(object, only, q)}>
                  {found.isSuccess ? measureText(model, object, m, row?.[measureName(m)], formats) : "\u00a0"}
                </Link>
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        points &&
        column && (
          <>
            {measures.length > 1 && (
              <NativeSelect
                size="xs"
                className={css.measure}
                aria-label={t("chart.measure")}
                value={measures[0] && measureName(measures[0])}
                data={measuresOf(told(view)).map((m) => ({ value: measureName(m), label: labelOf(m) }))}
                onChange={(event) => {
                  const next = new URLSearchParams(at);
                  next.set("measure", event.currentTarget.value);
                  setAt(next, { replace: true });
                }}
              />
            )}
            <Chart
              kind={view?.chart ?? "bar"}
              label={label}
              headings={[column.label, ...measures.map(labelOf)]}
              points={points}
              ordered={by !== undefined}
              height={360}
            />
          </>
        )
      )}
    </div>
  );
}
