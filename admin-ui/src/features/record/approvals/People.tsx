import { useTranslation } from "react-i18next";
import type { Approval } from "~/api/approvals";
import type { Formats } from "~/fields";
import { State } from "~/ui/State";
import css from "./Approvals.module.css";

/** Who is asked, and what they said. */
export function People({ approval, formats }: { approval: Approval; formats: Formats }) {
  const { t } = useTranslation();
  return (
    <ul className={css.people}>
      {approval.approvers.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: who is asked stays in order, and may be asked twice
        <li key={index}>
          <State of={one.state} says={t(`approval.person.${one.state}`)} />
          {one.name ?? t("inbox.somebody")}
          {one.instead && (
            <span className="quiet"> {t("approval.instead", { who: one.instead_name ?? t("inbox.somebody") })}</span>
          )}
          {one.by && (
            <span className="quiet"> {t("approval.in_name", { who: one.by_name ?? t("inbox.somebody") })}</span>
          )}
          {one.answered_at && (
            <time className="quiet small" dateTime={one.answered_at} title={formats.datetime(one.answered_at)}>
              {" "}
              {formats.moment(one.answered_at)}
            </time>
          )}
          {one.comment && <q>{one.comment}</q>}
        </li>
      ))}
    </ul>
  );
}
