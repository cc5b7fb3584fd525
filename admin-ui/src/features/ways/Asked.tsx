import { useTranslation } from "react-i18next";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { Floating, MoveTo } from "./MoveTo";
import type { Entry, Period } from "./period";
import { Refusal } from "./Refusal";
import type { Moving } from "./useMoves";

interface Props {
  object: ObjectModel;
  formats: Formats;
  entry: Entry;
  name: string;
  period: Period;
  timeZone: string;
  moving: Moving<string>;
  /** The entry that is to be moved by the panel. */
  asking?: Entry;
  onMove(entry: Entry, to: string, minutes?: number): void;
  onClose(): void;
}

/** What is asked at an entry: what its move was refused for, or where it is to go. */
export function Asked({ object, formats, entry, name, period, timeZone, moving, asking, onMove, onClose }: Props) {
  const { t } = useTranslation();
  if (moving.question?.row.id === entry.row.id)
    return (
      <Floating label={t("ways.not_moved", { name })} onClose={moving.cancel}>
        <Refusal object={object} formats={formats} moving={moving} />
      </Floating>
    );
  if (asking?.row.id !== entry.row.id) return null;
  return (
    <MoveTo
      entry={entry}
      name={name}
      timeZone={timeZone}
      time={period.start.shows === "datetime" ? entry.at : undefined}
      onMove={(to, minutes) => onMove(entry, to, minutes)}
      onClose={onClose}
    />
  );
}
