/** The ends of an axis on which values stand, and some round numbers between; zero is among them. */
export function scaleOf(values: number[]): { top: number; bottom: number; ticks: number[] } {
  const most = Math.max(0, ...values);
  const least = Math.min(0, ...values);
  const rough = (most - least || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((n) => n * power >= rough * 0.999) ?? 10);
  const [first, last] = [Math.floor(least / step + 1e-9), Math.ceil(most / step - 1e-9) || 1];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { top: last * step, bottom: first * step, ticks };
}

/** The edges of the slices of a circle, from 0 to 1; nothing is drawn of what is not above zero. */
export function slicesOf(values: number[]): { from: number; to: number }[] {
  const whole = values.reduce((sum, v) => sum + Math.max(0, v), 0) || 1;
  let from = 0;
  return values.map((v) => {
    const slice = { from, to: from + Math.max(0, v) / whole };
    from = slice.to;
    return slice;
  });
}
