/** The contrast that text needs to be read on what is behind it. */
const least = 4.5;

const channel = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

const luminance = (rgb: number[]) =>
  rgb.map((one) => channel(one / 255)).reduce((sum, one, i) => sum + one * ([0.2126, 0.7152, 0.0722][i] as number), 0);

/** The contrast of white text on a colour. */
export const onWhite = (hex: string): number => 1.05 / (luminance(channels(hex)) + 0.05);

/** A colour made as dark as white text on it needs to be read; undefined of what is none. */
export function readable(hex: string | undefined): string | undefined {
  if (!hex || !/^#[0-9a-f]{6}$/i.test(hex)) return undefined;
  const of = channels(hex);
  for (let share = 100; share > 0; share -= 2) {
    const darker = `#${of
      .map((one) =>
        Math.floor((one * share) / 100)
          .toString(16)
          .padStart(2, "0"),
      )
      .join("")}`;
    if (onWhite(darker) >= least) return darker;
  }
  return "#000000";
}
