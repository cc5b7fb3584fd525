import { useTranslation } from "react-i18next";
import type { Approval } from "~/api/approvals";
import type { Formats } from "~/fields";
import { State } from "~/ui/State";
import css from "./Approvals.module.css";
import { Pending } from "./Pending";
import { People } from "./People";

interface Props {
  approvals: Approval[];
  formats: Formats;
}

/** What people were asked to decide about a record: what is pending, to be decided here, and below it what was. */
export function Approvals({ approvals, formats }: Props) {
  const { t } = useTranslation();
  const pending = approvals.filter((one) => one.state === "pending");
  const past = approvals.filter((one) => one.state !== "pending");
  // The keys are those of one: what waits for this person comes first.
  const first = pending.find((one) => one.can_decide);
  return (
    <>
      {pending.map((one) => (
        <Pending key={one.id} approval={one} formats={formats} keys={one === first} />
      ))}
      {past.length > 0 && (
        <details className={css.past}>
          <summary>{t("approval.past", { count: past.length })}</summary>
          <ul>
            {past.map((one) => (
              <li key={one.id}>
                <strong>{one.text}</strong> <State of={one.state} says={t(`approval.state.${one.state}`)} />
                {one.ended_at && (
                  <time className="quiet small" dateTime={one.ended_at} title={formats.datetime(one.ended_at)}>
                    {formats.moment(one.ended_at)}
                  </time>
                )}
                <People approval={one} formats={formats} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
