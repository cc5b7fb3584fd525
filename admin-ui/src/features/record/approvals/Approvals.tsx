import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type OnAnswered, useAnswered } from "~/api/answered";
import type { Approval } from "~/api/approvals";
import type { Formats } from "~/fields";
import { State } from "~/ui/State";
import css from "./Approvals.module.css";
import { Pending } from "./Pending";
import { People } from "./People";

interface Props {
  approvals: Approval[];
  formats: Formats;
  onAnswered?: OnAnswered;
}

/** What people were asked to decide about a record: what is pending, to be decided here, and below it what was. */
export function Approvals({ approvals, formats, onAnswered }: Props) {
  const { t } = useTranslation();
  const here = useAnswered(approvals);
  const [chosen, setChosen] = useState<string>();
  const stays = (one: Approval) => one.state === "pending" || here.answered(one);
  const pending = here.all.filter(stays);
  const past = here.all.filter((one) => !stays(one));
  // The keys are those of one: what waits for this person comes first. Once that is answered they are nobody's, until
  // the person chooses another.
  const first = here.some ? undefined : pending.find((one) => one.can_decide)?.id;
  const withKeys = chosen ?? first;
  return (
    <>
      {pending.map((one) => (
        <Pending
          key={one.id}
          approval={one}
          formats={formats}
          keys={one.id === withKeys}
          onChosen={() => setChosen(one.id)}
          onAnswered={(now, answer) => {
            here.onAnswered(now);
            onAnswered?.(now, answer);
          }}
        />
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
