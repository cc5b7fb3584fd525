// How somebody is reached, by the types of fields: called, written to, visited.
import type { Stored } from "~/api/client";
import { typeOf } from "~/fields";
import type { ObjectModel } from "~/meta/model";

export interface Reached {
  kind: "call" | "mail" | "map";
  href: string;
}

/** The first value of each kind. */
export function reachedBy(object: ObjectModel, record: Stored): Reached[] {
  const first = (...types: string[]) => {
    for (const field of object.fields.values())
      if (types.includes(field.shows) && record[field.name]) return { field, value: record[field.name] };
    return undefined;
  };
  const found: Reached[] = [];
  const phone = first("phone")?.value;
  if (phone) found.push({ kind: "call", href: `tel:${String(phone).replace(/[^+\d]/g, "")}` });
  const mail = first("email")?.value;
  if (mail) found.push({ kind: "mail", href: `mailto:${encodeURIComponent(String(mail)).replaceAll("%40", "@")}` });
  const place = first("location", "address");
  if (place) {
    const where = typeOf(place.field.shows).text(place.value, { field: place.field, formats: {} as never });
    found.push({ kind: "map", href: `https://www.openstreetmap.org/search?query=${encodeURIComponent(where)}` });
  }
  return found;
}
