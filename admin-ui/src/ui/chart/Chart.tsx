// Charts of one measure, drawn as SVG: each part is a link to what it tells of. They know nothing of what they show.
import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Bars } from "./Bars";
import css from "./Chart.module.css";
import { Line } from "./Line";
import { Pie } from "./Pie";
import type { Point } from "./parts";

interface Props {
  kind: string;
  /** What is charted. */
  label: string;
  /** What the points are, and what is measured: the headings of the table. */
  headings: string[];
  points: Point[];
  /** The points follow one another in time. */
  ordered: boolean;
  height?: number;
}

export function Chart({ kind, label, headings, points, ordered, height = 240 }: Props) {
  const { t } = useTranslation();
  const { ref, width } = useElementSize();
  if (points.length === 0) return <p className="quiet">{t("chart.none")}</p>;
  const at = { points, width, height };
  return (
    <figure className={css.figure} ref={ref} aria-label={label}>
      {kind === "pie" ? (
        <Pie {...at} />
      ) : kind === "line" || ordered ? (
        <Line {...at} label={label} columns={kind !== "line"} />
      ) : (
        <Bars points={points} />
      )}
      <table className={css.table}>
        <caption>{label}</caption>
        <thead>
          <tr>
            {headings.map((heading) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((p) => (
            <tr key={p.key}>
              <th scope="row">{p.label}</th>
              <td>{p.text}</td>
              {p.others.map((text, i) => (
                <td key={headings[i + 2]}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
