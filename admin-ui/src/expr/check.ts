import type { Expr } from "./tree";
import { pathsIn } from "./tree";

/** Names that expressions read besides fields. */
const others = /^(user|constants|settings)(\.|$)/;

/** The first name in an expression that is no field and nothing else that is known, with the nearest field. */
export function unknownName(of: Expr, fields: string[]): { name: string; nearest?: string } | undefined {
  const name = pathsIn(of).find((path) => !others.test(path) && !fields.includes(path));
  return name === undefined ? undefined : { name, nearest: nearest(name, fields) };
}

/** The name with the fewest letters to change, if they are few. */
export function nearest(name: string, names: string[]): string | undefined {
  const ranked = names
    .map((one) => ({ one, far: distance(name.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  return ranked && ranked.far <= Math.max(1, Math.floor(name.length / 3)) ? ranked.one : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] as number;
}
