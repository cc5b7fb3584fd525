// An address as one line, and back.

export interface Address {
  street?: string | null;
  city?: string | null;
  state?: string | null;
  postal_code?: string | null;
  country?: string | null;
}

export const parts = ["street", "city", "state", "postal_code", "country"] as const;
/** As the places of an exact line go. */
const places = ["street", "postal_code", "city", "state", "country"] as const;

/** As people write it. */
export const write = (value: Address): string =>
  [value.street, [value.postal_code, value.city].filter(Boolean).join(" "), value.state, value.country]
    .filter(Boolean)
    .join(", ");

const of = (line: (string | undefined)[]): Address =>
  Object.fromEntries(places.map((part, i) => [part, line[i]?.trim() || null]));

const postal = /^([A-Z]{0,3}-?\d\S*)\s+(\D.*)$/;

/**
 * Reads a street, a postal code with its city, a state where there is a country too, and a country, with commas
 * between; or all five, each in its place, with semicolons between. Undefined for what could be meant otherwise.
 */
export function read(text: string): Address | null | undefined {
  if (text.trim() === "") return null;
  if (text.includes(";")) {
    const line = text.split(/[;；]/);
    return line.length === places.length ? of(line) : undefined;
  }
  const [street, town, ...rest] = text.split(/[,，]/).map((one) => one.trim());
  const found = postal.exec(town ?? "");
  if (!street || !found || rest.length > 2 || rest.includes("")) return undefined;
  return of([street, found[1], found[2], rest.length === 2 ? rest[0] : "", rest.at(-1)]);
}

/** As people write it, if that is read as the same address again; else with every part in its place. */
export function text(value: Address): string {
  const line = write(value);
  const again = read(line);
  const same = again && parts.every((part) => (again[part] ?? "") === (value[part] ?? ""));
  return same ? line : places.map((part) => (value[part] ?? "").replace(/\s*[;；]\s*/g, ", ")).join("; ");
}
