import { useTranslation } from "react-i18next";
import type { Effect, StepDone } from "~/api/runs";
import { useFormats } from "~/fields/useFormats";
import { useSession } from "~/meta/session";
import css from "./Flows.module.css";

/** What steps did, or would do: each with its effects in words and their values. */
export function Done({ trace, titleOf }: { trace: StepDone[]; titleOf(step: string): string }) {
  const formats = useFormats();
  return (
    <ol className={css.list}>
      {trace.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a step may be done several times
        <li key={i}>
          <strong>{titleOf(one.step)}</strong> <time className="quiet small">{formats.moment(one.at)}</time>
          {one.effects.map((effect, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: effects have no other name than their place
            <EffectLine key={at} effect={effect} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function EffectLine({ effect }: { effect: Effect }) {
  const { t } = useTranslation();
  const { model } = useSession();
  const object = model.objects.get(effect.object ?? "");
  const { values, was, text } = effect;
  const lines = Object.entries(values ?? {}).map(([name, value]) => {
    const label = object?.fields.get(name)?.label ?? name;
    const before = was && name in was ? `${written(was[name])} → ` : "";
    return `${label}: ${before}${written(value)}`;
  });
  return (
    <>
      <p>
        {t(`run.do.${effect.do}`, {
          object: object?.label ?? effect.object ?? "",
          who: t("inbox.somebody"),
          text: text ?? "",
          count: effect.tried ?? 1,
        })}
      </p>
      {lines.length > 0 && <pre>{lines.join("\n")}</pre>}
    </>
  );
}

const written = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);
