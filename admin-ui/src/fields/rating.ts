import { choices } from "~/fields/options";
import type { Field } from "~/meta/model";

/** One of what stands side by side; what is said of it stands below its mark. */
export interface Step {
  value: string | number;
  mark: string;
  says?: string;
}

/** How many stand side by side at most, so that a thumb hits each on a phone. */
const most = 5;

/** What of a field stands side by side, as a rating does: few short options, or few whole numbers. Undefined of any other. */
export function steps(field: Field, language: string): Step[] | undefined {
  if (field.shows === "picklist") {
    const all = choices(field, language, []).map(({ value, label }) => {
      const [mark = label, says] = label.split(/\s*[–—]\s*/, 2);
      return { value, mark, says };
    });
    return all.length > 1 && all.length <= most && all.every((one) => [...one.mark].length <= 3) ? all : undefined;
  }
  const { min, max, scale } = field.doc as { min?: number; max?: number; scale?: number };
  if (field.shows !== "number" || scale || min === undefined || max === undefined) return undefined;
  const [from, count] = [Number(min), Number(max) - Number(min) + 1];
  if (!Number.isInteger(from) || !Number.isInteger(count) || count < 2 || count > most) return undefined;
  return Array.from({ length: count }, (_, n) => ({ value: from + n, mark: String(from + n) }));
}
