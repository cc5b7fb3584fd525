import css from "./Chart.module.css";
import { type Drawing, PartLink, told } from "./parts";
import { slicesOf } from "./scale";

/** Colours of what has none of its own, in turn. */
const colours = ["blue", "teal", "purple", "orange", "green", "yellow", "red", "gray"];

/** A ring, and beside it what each part of it is. */
export function Pie({ points, width, height }: Drawing) {
  const size = Math.min(height, width);
  const slices = slicesOf(points.map((p) => p.value));
  const whole = points.reduce((sum, p) => sum + Math.max(0, p.value), 0) || 1;
  const colourOf = (i: number) => points[i]?.colour ?? colours[i % colours.length];
  return (
    <div className={css.pie}>
      <svg width={size} height={size} viewBox="-100 -100 200 200" className={css.drawing} aria-hidden>
        {points.map((p, i) => (
          <path key={p.key} d={ring(slices[i] ?? { from: 0, to: 0 })} data-colour={colourOf(i)} className={css.slice}>
            <title>{told(p)}</title>
          </path>
        ))}
      </svg>
      <ul className={css.legend}>
        {points.map((p, i) => (
          <li key={p.key}>
            <PartLink point={p} className={css.entry}>
              <span className={css.key} data-colour={colourOf(i)} />
              <span className={css.name}>{p.label}</span>
              <span className={css.value}>{p.text}</span>
              <span className="quiet">{Math.round((100 * Math.max(0, p.value)) / whole)} %</span>
            </PartLink>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The outline of a slice of a ring. A whole one is drawn short of its end, or it would be none. */
function ring({ from, to }: { from: number; to: number }): string {
  if (to <= from) return "";
  const end = Math.min(to, from + 0.9999);
  const point = (turn: number, r: number) =>
    `${(r * Math.sin(2 * Math.PI * turn)).toFixed(2)} ${(-r * Math.cos(2 * Math.PI * turn)).toFixed(2)}`;
  const large = end - from > 0.5 ? 1 : 0;
  return `M${point(from, 96)}A96 96 0 ${large} 1 ${point(end, 96)}L${point(end, 56)}A56 56 0 ${large} 0 ${point(from, 56)}Z`;
}
