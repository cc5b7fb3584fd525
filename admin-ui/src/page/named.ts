import type { Names } from "~/api/names";
import type { Column } from "~/meta/model";

type Row = Record<string, unknown>;
type To = { object?: string; id: string };

/** A record with the names of what it refers to where paths would have put them; null where one may not be read. */
export function named<R extends Row>(row: R, columns: Iterable<Column>, names: Names | undefined): R {
  const found: Row = { ...row };
  for (const { path, field, namePath } of columns)
    if (namePath && row[path] && !(namePath in row)) {
      const to = field.shows === "any_lookup" ? (row[path] as To) : { object: field.targets[0], id: String(row[path]) };
      found[namePath] = names?.[to.object ?? ""]?.[to.id] ?? null;
    }
  return found as R;
}
