import type { Stored } from "~/api/client";
import { type Formats, typeOf } from "~/fields";
import type { Column } from "~/meta/model";

/** The values of a record as they stand on a card, those that there are. */
export const fieldsOf = (row: Stored, columns: Column[], formats: Formats) =>
  columns.flatMap(({ path, field, namePath, label }) => {
    const value = row[path];
    if (value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0))
      return [];
    const shown = { field, formats, name: namePath && (row[namePath] as string | null) };
    return [
      <span key={path} data-type={field.shows} title={`${label}: ${typeOf(field.shows).text(value, shown)}`}>
        {typeOf(field.shows).cell(value, shown)}
      </span>,
    ];
  });
