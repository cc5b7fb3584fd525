import { IconEye } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Schemas } from "~/api/client";
import { type Looking as Look, stopLooking } from "~/api/looking";
import css from "./Looking.module.css";

/** Says above the page that it is not what holds, and leads back. */
export default function Looking({ draft, as }: Look) {
  const { t, i18n } = useTranslation();
  // Without the headers that everything else is asked with: the draft itself is told to who may see it.
  const label = useQuery({
    queryKey: ["looking", draft],
    enabled: draft !== "",
    queryFn: async () => {
      const answer = await fetch(`/api/v1/drafts/${encodeURIComponent(draft)}`);
      return answer.ok ? ((await answer.json()) as Schemas["Draft"]).label : "";
    },
  }).data;
  const sets = new Intl.ListFormat(i18n.language).format(as);
  return (
    <section className={css.looking} aria-label={t("looking.title")}>
      <IconEye size={16} aria-hidden />
      <p>
        <strong>{draft ? t("looking.draft", { label: label ?? "" }) : t("looking.holds")}</strong>
        {as.length > 0 && <span>{t("looking.as", { sets })}</span>}
        <span>{t("looking.says")}</span>
      </p>
      <button type="button" onClick={() => stopLooking(draft ? `/studio/changes?draft=${draft}` : "/")}>
        {t("looking.stop")}
      </button>
    </section>
  );
}
