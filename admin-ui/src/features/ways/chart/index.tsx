import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { all } from "~/api/filters";
import { measureName } from "~/api/measures";
import { listOf, measureLabel, measureText, useGroups } from "~/fields/groups";
import { useFormats } from "~/fields/useFormats";
import { say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import { Chart } from "~/ui/chart/Chart";
import { Failure } from "~/ui/Failure";
import type { WayProps } from "../types";
import css from "./Chart.module.css";

/** What a list tells of its records, by the values of a field; every part leads to the list of its records. */
export default function ChartWay({ object, view, filter, q }: WayProps) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const only = all(view?.filter, filter);
  const group = view?.chart === "number" ? undefined : (view?.group ?? object.doc.stages?.field);
  const by = view?.group ? view.by : undefined;
  const asked = useMemo(() => ({ filter: only, q, group, by, sum: view?.sum }), [only, q, group, by, view]);
  const { found, points, column, measures, row } = useGroups(object, asked);
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
              <dt>{measureLabel(model, object, m)}</dt>
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
          <Chart
            kind={view?.chart ?? "bar"}
            label={label}
            headings={[column.label, ...measures.map((m) => measureLabel(model, object, m))]}
            points={points}
            ordered={by !== undefined}
            height={360}
          />
        )
      )}
    </div>
  );
}
