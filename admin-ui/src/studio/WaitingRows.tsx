import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "~/meta/session";
import { allWaiting } from "~/meta/waiting";
import css from "./WaitingRows.module.css";

/** Says of objects that were made of files where their rows are: they are imported once the objects are published. */
export function WaitingRows({ object }: { object?: string }) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  return allWaiting(me)
    .filter((one) => !object || one.object === object)
    .map((one) => (
      <p key={one.object} className={css.rows}>
        {t("studio.rows_wait", { count: one.rows, file: one.file })}{" "}
        {model.objects.has(one.object) ? (
          <Link to={`/o/${one.object}/import?upload=${one.upload}`}>{t("studio.rows_import")}</Link>
        ) : (
          t("studio.rows_publish")
        )}
      </p>
    ));
}
