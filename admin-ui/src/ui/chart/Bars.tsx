import css from "./Chart.module.css";
import { PartLink, type Point, told } from "./parts";

/** A bar a line, the greatest as long as there is room. */
export function Bars({ points }: { points: Point[] }) {
  const most = Math.max(...points.map((p) => p.value), 0) || 1;
  return (
    <ul className={css.bars}>
      {points.map((p) => (
        <li key={p.key} title={told(p)}>
          <PartLink point={p} className={css.bar}>
            <span className={css.name}>{p.label}</span>
            <span className={css.track}>
              <span data-colour={p.colour} style={{ width: `${Math.max(0, (100 * p.value) / most)}%` }} />
            </span>
            <span className={css.value}>{p.text}</span>
          </PartLink>
        </li>
      ))}
    </ul>
  );
}
