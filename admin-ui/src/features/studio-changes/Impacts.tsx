import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Impact } from "~/api/drafts";
import css from "./Changes.module.css";

/** From what destroys to what is free. */
const classes = ["destructive", "narrowing", "backfill", "free"] as const;

interface Props {
  impact: Impact[];
  allowed: string[];
  allow(paths: string[]): void;
}

/** What a change does to live data, in numbers; what it destroys is ticked one by one. */
export function Impacts({ impact, allowed, allow }: Props) {
  const { t } = useTranslation();
  const counted = ({ records, at_least }: Impact) =>
    records === undefined ? "" : t(at_least ? "studio.records_at_least" : "studio.records", { count: records });
  return classes.map((one) => {
    const of = impact.filter((i) => i.class === one);
    if (of.length === 0) return null;
    return (
      <section key={one} className={css.part} aria-label={t(`studio.class.${one}`)}>
        <h2>{t(`studio.class.${one}`)}</h2>
        <ul className={css.list}>
          {of.map((i) => (
            <li key={`${i.path} ${i.code}`} data-bad={one === "destructive" || undefined}>
              {one === "destructive" ? (
                <Checkbox
                  size="xs"
                  label={i.detail}
                  description={counted(i)}
                  checked={allowed.includes(i.path)}
                  onChange={(event) =>
                    allow(
                      event.currentTarget.checked ? [...allowed, i.path] : allowed.filter((path) => path !== i.path),
                    )
                  }
                />
              ) : (
                <div className={css.line}>
                  <span>{i.detail}</span>
                  <span className="quiet small">{counted(i)}</span>
                </div>
              )}
            </li>
          ))}
        </ul>
      </section>
    );
  });
}

/** What is destroyed and not allowed yet. */
export const undecided = (impact: Impact[], allowed: string[]): number =>
  impact.filter((i) => i.class === "destructive" && !allowed.includes(i.path)).length;
