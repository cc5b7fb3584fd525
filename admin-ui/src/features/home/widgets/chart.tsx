import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { measureLabel, useGroups } from "~/fields/groups";
import { useSession } from "~/meta/session";
import { Chart } from "~/ui/chart/Chart";
import css from "../Home.module.css";
import type { WidgetProps, WidgetType } from "../widget";

function Body({ widget, object, label }: WidgetProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const { filter, group, by, sum } = widget;
  const { found, points, column, measures } = useGroups(object, { filter, group, by, sum });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  if (!points || !column) return <div className={css.waiting} />;
  return (
    <Chart
      kind={widget.chart ?? "bar"}
      label={label}
      headings={[column.label, ...measures.map((m) => measureLabel(model, object, m))]}
      points={points}
      ordered={by !== undefined}
      height={200}
    />
  );
}

export default { type: "chart", Body } satisfies WidgetType;
