import { useTranslation } from "react-i18next";
import { stepsOf } from "~/studio/patching";
import css from "./Changes.module.css";

export interface Part {
  pointer: string;
  from?: unknown;
  to?: unknown;
}

const most = 30;

/** What differs in a document, place by place. */
export function Parts({ parts }: { parts: Part[] }) {
  const { t } = useTranslation();
  return (
    <dl className={css.parts}>
      {parts.slice(0, most).map(({ pointer, from, to }) => (
        <div key={pointer} style={{ display: "contents" }}>
          <dt>{stepsOf(pointer).join(" › ") || t("studio.whole")}</dt>
          <dd>
            {from !== undefined && from !== null && <del>{written(from)}</del>}{" "}
            {to !== undefined && to !== null && <ins>{written(to)}</ins>}
          </dd>
        </div>
      ))}
      {parts.length > most && <dt>{t("studio.more_places", { count: parts.length - most })}</dt>}
    </dl>
  );
}

/** A value in a line. */
function written(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
