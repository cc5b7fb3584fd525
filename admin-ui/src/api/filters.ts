// Filters as the server takes them, put together from parts.

/** A value as it stands in an expression. */
export const literal = (value: unknown): string =>
  value === null || value === undefined ? "nil" : typeof value === "string" ? JSON.stringify(value) : String(value);

/** A condition that holds where all of the given ones do; undefined where there is none. */
export function all(...filters: (string | undefined)[]): string | undefined {
  const said = filters.filter((one): one is string => Boolean(one?.trim()));
  return said.length < 2 ? said[0] : said.map((one) => `(${one})`).join(" and ");
}

export const equals = (path: string, value: unknown) => `${path} == ${literal(value)}`;

/** Whose day, of a date or an instant, is from one day on and before another. */
export function within(path: string, type: "date" | "datetime", from: string, before: string): string {
  const day = type === "datetime" ? `date(${path})` : path;
  return `${day} >= ${dateLiteral(from)} and ${day} < ${dateLiteral(before)}`;
}

const dateLiteral = (day: string) => `date(${day.split("-").map(Number).join(", ")})`;
