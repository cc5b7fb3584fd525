import { useMemo } from "react";
import { type Column, columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

/** Of every field of an object: where its value stands, and the name of what it refers to. */
export function useColumns(object: ObjectModel): Map<string, Column> {
  const { model } = useSession();
  return useMemo(
    () =>
      new Map(
        [...object.fields.keys()].flatMap((name) => {
          const column = columnOf(model, object, name);
          return column ? [[name, column] as const] : [];
        }),
      ),
    [model, object],
  );
}
