import { useTranslation } from "react-i18next";
import css from "./Chart.module.css";
import { type Drawing, PartLink, told } from "./parts";
import { scaleOf } from "./scale";

const foot = 22;
const head = 8;

/** Points in the order of time, as columns or joined by a line. */
export function Line({ label, points, width, height, columns }: Drawing & { label: string; columns: boolean }) {
  const { i18n } = useTranslation();
  const { top, bottom, ticks } = scaleOf(points.map((p) => p.value));
  const short = new Intl.NumberFormat(i18n.language, { notation: "compact", maximumFractionDigits: 1 });
  const left = 8 + 7 * Math.max(...ticks.map((n) => short.format(n).length));
  const room = Math.max(0, width - left - 8);
  const step = room / points.length;
  const y = (value: number) => head + (height - head - foot) * (1 - (value - bottom) / (top - bottom));
  const x = (i: number) => left + step * (i + 0.5);
  // A label each where there is room for it.
  const widest = Math.max(...points.map((p) => p.label.length)) * 7 + 8;
  const every = Math.max(1, Math.ceil(widest / (step || 1)));
  if (width === 0) return <div style={{ height }} />;
  return (
    <svg width={width} height={height} className={css.drawing}>
      <title>{label}</title>
      {ticks.map((n) => (
        <g key={n} aria-hidden>
          <line x1={left} x2={width - 8} y1={y(n)} y2={y(n)} className={css.rule} />
          <text x={left - 6} y={y(n) + 4} textAnchor="end">
            {short.format(n)}
          </text>
        </g>
      ))}
      {!columns && <polyline className={css.line} points={points.map((p, i) => `${x(i)},${y(p.value)}`).join(" ")} />}
      {points.map((p, i) => (
        <PartLink key={p.key} point={p} label={told(p)} className={css.part}>
          <title>{told(p)}</title>
          <rect x={left + step * i} y={0} width={step} height={height} className={css.reach} />
          {columns ? (
            <rect
              x={x(i) - Math.min(step * 0.35, 24)}
              width={Math.min(step * 0.7, 48)}
              y={Math.min(y(p.value), y(0))}
              height={Math.max(Math.abs(y(0) - y(p.value)), p.value === 0 ? 0 : 1)}
              rx={2}
              className={css.column}
            />
          ) : (
            <circle cx={x(i)} cy={y(p.value)} r={3.5} className={css.column} />
          )}
          {i % every === 0 && (
            <text x={x(i)} y={height - 6} textAnchor="middle" aria-hidden>
              {p.label}
            </text>
          )}
        </PartLink>
      ))}
    </svg>
  );
}
