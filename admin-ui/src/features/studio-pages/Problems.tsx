import css from "./Pages.module.css";

/** The first problems of what is shaped, each with its place. */
export function Problems({ all }: { all: Map<string, string> }) {
  return [...all].slice(0, 3).map(([place, detail]) => (
    <p key={place} className={css.problem} role="status">
      <code className="small">{place}</code> {detail}
    </p>
  ));
}
