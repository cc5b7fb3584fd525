import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { measureName } from "~/api/measures";
import { listOf, measureLabel, measureText, useGroups } from "~/fields/groups";
import { useFormats } from "~/fields/useFormats";
import { useSession } from "~/meta/session";
import css from "../Home.module.css";
import type { WidgetProps, WidgetType } from "../widget";

/** What is measured of all records, each a link to them. */
function Body({ widget, object, label }: WidgetProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const { found, measures, row } = useGroups(object, { filter: widget.filter, sum: widget.sum });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  return (
    <>
      {measures.map((m) => (
        <p key={measureName(m)}>
          <Link
            to={listOf(object, widget.filter)}
            className={css.number}
            aria-label={`${label}: ${row ? measureText(model, object, m, row[measureName(m)], formats) : ""}`}
          >
            {row || found.isSuccess ? measureText(model, object, m, row?.[measureName(m)], formats) : "\u00a0"}
          </Link>
          {measures.length > 1 && <span className="quiet small">{measureLabel(model, object, m)}</span>}
        </p>
      ))}
    </>
  );
}

export default { type: "number", Body } satisfies WidgetType;
