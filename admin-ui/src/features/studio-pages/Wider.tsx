import { useTranslation } from "react-i18next";
import css from "./Pages.module.css";

/** On a phone a page is not shaped. */
export function Wider({ label }: { label: string }) {
  const { t } = useTranslation();
  return (
    <section className={css.empty}>
      <h1>{label}</h1>
      <p>{t("studio.pages.wider")}</p>
    </section>
  );
}
