import { IconAlertTriangle, IconBolt, IconPlus } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import css from "./Flows.module.css";
import { begin, type Edge, keyOfEdge } from "./graph";
import { type Layout, size } from "./layout";

/** What is shown of a step besides its name: what became of it, in words. */
export interface Mark {
  tone: "ok" | "bad" | "info";
  text: string;
}

interface Props {
  layout: Layout;
  chosen: string | undefined;
  choose(step: string): void;
  /** A step is wanted where something leads. */
  add(edge: Edge): void;
  titleOf(step: string): string;
  typeOf(step: string): string;
  problems: ReadonlySet<string>;
  marks: ReadonlyMap<string, Mark>;
}

const room = 24; // around what is drawn

/** A workflow from the top down: steps are boxes, with a place for another one wherever something leads. */
export const Canvas = memo(function Canvas(props: Props) {
  const { layout, chosen, choose, add, titleOf, typeOf, problems, marks } = props;
  const { t } = useTranslation();
  const [width, height] = [layout.width + 2 * room, layout.height + 2 * room];
  return (
    <div className={css.drawing} style={{ width, height }}>
      <svg aria-hidden width={width} height={height}>
        <g transform={`translate(${room}, ${room})`}>
          {layout.frames.map((one) => (
            <rect key={`${one.step} ${one.y}`} x={one.x} y={one.y} width={one.width} height={one.height} rx={8} />
          ))}
          {layout.lines.map(({ edge, points, open }) => (
            <polyline
              key={keyOfEdge(edge)}
              points={points.map(({ x, y }) => `${x},${y}`).join(" ")}
              data-open={open}
              data-way={edge.is}
            />
          ))}
        </g>
      </svg>
      {layout.lines.map(({ edge, add: at, titled }) => (
        <div key={keyOfEdge(edge)} className={css.edge} style={{ left: at.x + room, top: at.y + room }}>
          {titled && (
            <span className={css.way} title={edge.when}>
              {edge.when ?? edge.title}
            </span>
          )}
          <button
            type="button"
            className={css.plus}
            aria-label={t("studio.flows.add_after", {
              label: edge.from === begin ? t("studio.flows.start") : titleOf(edge.from),
              way: edge.title,
            })}
            onClick={() => add(edge)}
          >
            <IconPlus size={12} />
          </button>
        </div>
      ))}
      {layout.steps.map(({ step, x, y }) => {
        const mark = marks.get(step);
        return (
          <button
            key={step}
            type="button"
            className={css.step}
            data-step={step || undefined}
            data-trigger={step === begin || undefined}
            data-bad={problems.has(step) || undefined}
            data-tone={mark?.tone}
            aria-pressed={chosen === step}
            style={{ left: x - size.width / 2 + room, top: y + room, width: size.width, height: size.height }}
            onClick={() => choose(step)}
          >
            <span className={css.title}>
              {step === begin && <IconBolt size={14} aria-hidden />}
              {problems.has(step) && <IconAlertTriangle size={14} aria-label={t("studio.problems")} />}
              {titleOf(step)}
            </span>
            <small>{mark?.text ?? typeOf(step)}</small>
          </button>
        );
      })}
    </div>
  );
});
