import { SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Conflict } from "~/api/drafts";
import css from "./Changes.module.css";

export type Decisions = Record<string, "ours" | "theirs">;

interface Props {
  conflicts: Conflict[];
  decided: Decisions;
  decide(decided: Decisions): void;
  /** What the two sides are called, and how one is taken. */
  called: { theirs: string; ours: string; take: string; keep: string };
}

/** Places that two sides changed differently: what was there before, both, and which is to hold. */
export function Sides({ conflicts, decided, decide, called }: Props) {
  const { t } = useTranslation();
  const side = (title: string, value: unknown) => (
    <div>
      <span className="small quiet">{title}</span>
      <pre>{value === undefined ? t("studio.nothing_there") : JSON.stringify(value, null, 2)}</pre>
    </div>
  );
  return (
    <ul className={css.list}>
      {conflicts.map(({ path, base, theirs, ours }) => (
        <li key={path} data-bad>
          <code className="small">{path}</code>
          <div className={css.sides}>
            {side(t("studio.before"), base)}
            {side(called.theirs, theirs)}
            {side(called.ours, ours)}
          </div>
          <SegmentedControl
            size="xs"
            aria-label={path}
            value={decided[path] ?? ""}
            onChange={(next) => decide({ ...decided, [path]: next as "ours" | "theirs" })}
            data={[
              { value: "theirs", label: called.take },
              { value: "ours", label: called.keep },
            ]}
          />
        </li>
      ))}
    </ul>
  );
}
