import { measureName, measureOf } from "~/api/measures";
import { type Formats, typeOf } from "~/fields";
import type { SumDoc } from "~/meta/documents";
import { columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Board.module.css";

interface Props {
  object: ObjectModel;
  sum: SumDoc[];
  sums: Record<string, unknown>;
  formats: Formats;
}

/** What is measured of the records of a column. */
export function Summary({ object, sum, sums, formats }: Props) {
  const { model } = useSession();
  return (
    <>
      {sum.map(measureOf).map((measure) => {
        const name = measureName(measure);
        const value = sums[name];
        const field =
          measure.field && measure.op !== "count" ? columnOf(model, object, measure.field)?.field : undefined;
        if (value === null || value === undefined) return null;
        const text = field ? typeOf(field.shows).text(value, { field, formats }) : formats.number(Number(value), 0);
        return (
          <span key={name} className={css.sum} title={measure.as ?? field?.label ?? measure.op}>
            {text}
          </span>
        );
      })}
    </>
  );
}
