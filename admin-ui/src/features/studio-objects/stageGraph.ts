// The stages of an object as a drawing: boxes in their order, and a line for each move.
import { ordered } from "~/meta/documents";

export interface StageDoc {
  order?: number;
  outcome?: string;
  /** Stages that may follow; every one where it is absent. */
  to?: Record<string, { when?: string; message?: unknown }>;
}

export interface Box {
  name: string;
  x: number;
  outcome?: string;
  /** Every stage may follow. */
  open: boolean;
}

export interface Line {
  from: string;
  to: string;
  path: string;
  guarded: boolean;
}

export const wide = 132;
export const tall = 44;
const gap = 28;
const rise = 18; // of a line for each box that it passes

/** Boxes from left to right; lines forward run above them, lines back below. */
export function drawn(stages: Record<string, StageDoc>): {
  boxes: Box[];
  lines: Line[];
  width: number;
  above: number;
  below: number;
} {
  const inOrder = ordered(stages);
  const at = new Map(inOrder.map(({ name }, i) => [name, i]));
  const x = (i: number) => i * (wide + gap);
  let above = 0;
  let below = 0;
  const lines = inOrder.flatMap(({ name, to }, i) =>
    Object.entries(to ?? {}).flatMap(([next, { when }]): Line[] => {
      const j = at.get(next);
      if (j === undefined || j === i) return [];
      const far = Math.abs(j - i);
      // Lines leave and arrive beside each other, the longer ones further out.
      const from = x(i) + wide / 2 + (j > i ? 10 : -10);
      const end = x(j) + wide / 2 + (j > i ? -10 : 10);
      const height = 10 + rise * far;
      if (j > i) above = Math.max(above, height);
      else below = Math.max(below, height);
      const edge = j > i ? 0 : tall;
      const peak = j > i ? -height * 1.33 : tall + height * 1.33;
      const path = `M ${from} ${edge} C ${from} ${peak}, ${end} ${peak}, ${end} ${edge}`;
      return [{ from: name, to: next, path, guarded: !!when }];
    }),
  );
  const boxes = inOrder.map(({ name, to, outcome }, i) => ({ name, x: x(i), outcome, open: to === undefined }));
  return { boxes, lines, width: Math.max(0, inOrder.length * (wide + gap) - gap), above, below };
}

/** The patch that lets a stage follow another, or not; of what all may follow the others stay. */
export function follows(stages: Record<string, StageDoc>, from: string, to: string, may: boolean): unknown {
  const { to: moves } = stages[from] ?? {};
  if (moves === undefined)
    return may
      ? {}
      : Object.fromEntries(Object.keys(stages).flatMap((one) => (one === from || one === to ? [] : [[one, {}]])));
  return { [to]: may ? {} : null };
}
