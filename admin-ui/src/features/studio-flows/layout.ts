// Where everything of a workflow is drawn: from the top down, by itself. Nothing lies over anything else, since each block
// has a place of its own, and what leads past one runs beside it.
import type { Block, Edge } from "./graph";

export interface Point {
  x: number;
  y: number;
}
export interface PlacedStep extends Point {
  step: string;
}
export interface Line {
  edge: Edge;
  points: Point[];
  /** Where a step can be put on it. */
  add: Point;
  /** One of several: its title is shown. */
  titled: boolean;
  /** It ends there, or leads to a step that is drawn elsewhere and is named. */
  open: boolean;
}
/** A frame around what is done repeatedly, or on several ways. */
export interface Frame extends Point {
  step: string;
  width: number;
  height: number;
}
export interface Layout {
  steps: PlacedStep[];
  lines: Line[];
  frames: Frame[];
  width: number;
  height: number;
}

export const size = { width: 232, height: 60, gap: 24, way: 132, stub: 28 } as const;
/** Below a step: its ways part at `bar`; what follows is at the end. */
const fall = { one: 52, several: 84, bar: 18, meet: 60 } as const;
const pad = 12;
const lane = 14;

/** A block with its step at 0, 0 (the middle of its upper edge); what leads out of it ends at its lower edge. */
interface Placed {
  left: number;
  right: number;
  height: number;
  steps: PlacedStep[];
  lines: Line[];
  frames: Frame[];
  leading: Line[];
}

const nothing = (): Placed => ({ left: 0, right: 0, height: 0, steps: [], lines: [], frames: [], leading: [] });

const last = (line: Line) => line.points.at(-1) as Point;

function moved<T extends Placed>(placed: T, dx: number, dy: number): T {
  const move = (point: Point) => {
    point.x += dx;
    point.y += dy;
  };
  for (const one of [...placed.steps, ...placed.frames]) move(one);
  for (const line of [...placed.lines, ...placed.leading]) {
    line.points.forEach(move);
    move(line.add);
  }
  placed.left += dx;
  placed.right += dx;
  return placed;
}

function take(into: Placed, from: Placed) {
  into.left = Math.min(into.left, from.left);
  into.right = Math.max(into.right, from.right);
  into.steps.push(...from.steps);
  into.lines.push(...from.lines);
  into.frames.push(...from.frames);
}

function place(block: Block): Placed {
  const half = size.width / 2;
  const own = { step: block.step, x: 0, y: 0 };
  const here: Placed = { ...nothing(), left: -half, right: half, height: size.height, steps: [own] };
  placeRow(here, block);
  if (block.after) {
    const from = { x: 0, y: here.height };
    here.leading.push({
      edge: block.after,
      points: [from],
      add: { x: 0, y: from.y + fall.bar },
      titled: false,
      open: false,
    });
  }
  for (const one of block.below) placeBelow(here, one);
  endOpen(here, block.after);
  return here;
}

/** The ways of a block beside each other: those by which it goes on as a rule in the middle, the others to the right. */
function placeRow(here: Placed, { step, row }: Block) {
  if (row.length === 0) return;
  const several = row.length > 1;
  const top = size.height + (several ? fall.several : fall.one);
  const columns = row.map(({ edge, block }) => {
    const of = block ? place(block) : nothing();
    // A title is read in its own column.
    return { edge, of, block, left: Math.min(of.left, -size.way / 2), right: Math.max(of.right, size.way / 2), x: 0 };
  });
  const has = (is: Edge["is"]) => columns.filter(({ edge }) => edge.is === is);
  const bodies = has("body");
  const main = [bodies, has("next"), has("exit"), columns].find((all) => all.length > 0) as typeof columns;
  const gap = size.gap + (bodies.length > 0 ? pad : 0);
  const wide = main.reduce((sum, { left, right }) => sum + right - left, size.gap * (main.length - 1));
  let x = main.length === 1 ? (main[0]?.left as number) : -wide / 2;
  for (const column of main) {
    column.x = x - column.left;
    x = column.x + column.right + size.gap;
  }
  x = Math.max(x - size.gap + gap, 0);
  for (const column of columns) {
    if (main.includes(column)) continue;
    column.x = x - column.left;
    x = column.x + column.right + size.gap;
  }
  const low = top + Math.max(...columns.map(({ of }) => of.height), size.stub);
  for (const { edge, of, block, left, right, x } of columns) {
    const bar = size.height + fall.bar;
    const points: Point[] = [{ x: 0, y: size.height }];
    if (x !== 0) points.push({ x: 0, y: bar }, { x, y: bar });
    const line: Line = { edge, points, add: { x, y: top - fall.bar - 4 }, titled: several, open: false };
    here.left = Math.min(here.left, x + left);
    here.right = Math.max(here.right, x + right);
    points.push({ x, y: top });
    if (block) {
      take(here, moved(of, x, top));
      here.lines.push(line);
      here.leading.push(...of.leading);
    } else if (edge.to === undefined) here.lines.push({ ...line, open: true });
    else here.leading.push(line);
  }
  here.height = low;
  if (bodies.length > 0) {
    const left = Math.min(...bodies.map(({ x, left }) => x + left)) - pad;
    const right = Math.max(...bodies.map(({ x, right }) => x + right)) + pad;
    const up = size.height + fall.bar + 8;
    here.frames.push({ step, x: left, y: up, width: right - left, height: low + pad - up });
    here.left = Math.min(here.left, left);
    here.right = Math.max(here.right, right);
    here.height = low + pad;
  }
  for (const line of here.leading) extend(line, here.height);
}

function extend(line: Line, y: number) {
  const { x } = last(line);
  if (last(line).y < y) line.points.push({ x, y });
}

/** A block where ways meet, below all that is there. What leads further runs beside it. */
function placeBelow(here: Placed, block: Block) {
  const of = place(block);
  const top = here.height + fall.meet;
  const bar = top - fall.bar;
  const low = top + of.height;
  const beside = Math.max(here.right, of.right);
  let aside = 0;
  here.leading = here.leading.filter((line) => {
    const { x } = last(line);
    if (line.edge.to === block.step) {
      if (x !== 0) line.points.push({ x, y: bar }, { x: 0, y: bar });
      line.points.push({ x: 0, y: top });
      here.lines.push(line);
      return false;
    }
    if (x > of.left - lane && x < of.right + lane) {
      const to = beside + lane * ++aside;
      const turn = here.height + fall.bar + 14;
      line.points.push({ x, y: turn }, { x: to, y: turn });
      here.right = to;
    }
    extend(line, low);
    return true;
  });
  take(here, moved(of, 0, top));
  here.leading.push(...of.leading);
  here.height = low;
}

/** The way on after a frame that leads to no step. */
function endOpen(here: Placed, after: Edge | undefined) {
  const line = after?.to === undefined && here.leading.find(({ edge }) => edge === after);
  if (!line) return;
  here.leading = here.leading.filter((one) => one !== line);
  here.lines.push({ ...line, open: true });
  here.height += fall.one;
  line.points.push({ x: last(line).x, y: here.height });
  for (const one of here.leading) extend(one, here.height);
}

/** Draws blocks beside each other; what leads from one to another ends where it begins, and is named there. */
export function layoutOf(blocks: Block[]): Layout {
  const all = nothing();
  for (const [i, block] of blocks.entries()) {
    const of = place(block);
    for (const line of of.leading) of.lines.push({ ...line, open: true });
    of.leading = [];
    moved(of, (i === 0 ? 0 : all.right + size.gap * 2) - of.left, 0);
    take(all, of);
    all.height = Math.max(all.height, of.height);
  }
  return { steps: all.steps, lines: all.lines, frames: all.frames, width: all.right, height: all.height };
}
