// A workflow as a graph, and as blocks within each other, by which it is drawn and listed.
import { type Flow, type Port, type Ports, portsAt, type Step } from "./ports";

/** Where something leads from: a step, or "" for the trigger. */
export const begin = "";

export interface Edge extends Port {
  from: string;
  /** The name of a step that is not there. */
  lost?: string;
}

export interface Graph {
  steps: Map<string, Step>;
  /** What leads from each step, and from the trigger, in order. */
  out: Map<string, Edge[]>;
}

export const keyOfEdge = ({ from, at }: Pick<Edge, "from" | "at">) => `${from}/${at.join("/")}`;

export function graphOf(flow: Flow, ports: Ports): Graph {
  const steps = new Map(Object.entries(flow.steps ?? {}));
  const edge = (from: string, { to, ...port }: Port): Edge =>
    to === undefined || steps.has(to) ? { from, to, ...port } : { from, to: undefined, lost: to, ...port };
  const start: Port = { at: ["start"], to: flow.start || undefined, title: "", is: "next" };
  const out = new Map([[begin, [edge(begin, start)]]]);
  for (const [name, step] of steps)
    out.set(
      name,
      portsAt(step, ports).map((port) => edge(name, port)),
    );
  return { steps, out };
}

/** All steps that one leads to, whatever way. */
export function reach(graph: Graph, from: string, except?: (edge: Edge) => boolean): Set<string> {
  const found = new Set<string>();
  const follow = (name: string) => {
    for (const edge of graph.out.get(name) ?? []) {
      if (edge.to === undefined || found.has(edge.to) || except?.(edge)) continue;
      found.add(edge.to);
      follow(edge.to);
    }
  };
  follow(from);
  return found;
}

/** What is drawn together: a step, the ways that part there, and below them the steps at which they meet again. */
export interface Block {
  step: string;
  row: Column[];
  /** The way on after what is done repeatedly, or on several ways. */
  after: Edge | undefined;
  below: Block[];
}

/** A way of a step. Without a block it ends there, or leads to a step elsewhere. */
export interface Column {
  edge: Edge;
  block: Block | undefined;
}

/** What failed, or undoes, is drawn where something is done then; other ways always are. */
const isDrawn = ({ is, to, lost }: Edge) =>
  (is !== "failed" && is !== "undo") || to !== undefined || lost !== undefined;

/** The block that begins at the trigger, and those of steps that nothing leads to. */
export function blocksOf(graph: Graph): Block[] {
  const drawn = new Map<string, Block>();
  const blocks = [blockFrom(graph, begin, drawn)];
  const left = () => [...graph.steps.keys()].filter((name) => !drawn.has(name));
  for (let rest = left(); rest.length > 0; rest = left()) {
    const led = new Set(rest.flatMap((name) => (graph.out.get(name) ?? []).map(({ to }) => to)));
    blocks.push(blockFrom(graph, rest.find((name) => !led.has(name)) ?? (rest[0] as string), drawn));
  }
  return blocks;
}

/**
 * The block of what a step leads to that is not drawn yet. A step at which several ways meet belongs to the last one through
 * which all of them go. A way back, which plans refuse, is drawn as one that leads elsewhere.
 */
function blockFrom(graph: Graph, root: string, drawn: Map<string, Block>): Block {
  const { order, back } = ordered(graph, root, drawn);
  const into = new Map<string, Edge[]>(order.map((name) => [name, []]));
  const out = (name: string) => (graph.out.get(name) ?? []).filter(isDrawn);
  for (const name of order)
    for (const edge of out(name)) if (edge.to !== undefined && !back.has(edge)) into.get(edge.to)?.push(edge);

  const place = new Map(order.map((name, i) => [name, i]));
  const over = new Map<string, string>(); // the step through which all ways to one go, the last of them
  for (const name of order.slice(1)) {
    const froms = (into.get(name) as Edge[]).map(({ from }) => from);
    over.set(
      name,
      froms.reduce((a, b) => meeting(a, b, over, place)),
    );
  }
  for (const name of order) {
    const edges = out(name);
    const repeats = edges.some(({ is }) => is === "body");
    const after = repeats ? edges.find(({ is }) => is === "next") : undefined;
    drawn.set(name, {
      step: name,
      row: edges.filter((edge) => edge !== after).map((edge) => ({ edge, block: undefined })),
      after,
      below: [],
    });
  }
  for (const name of order.slice(1)) {
    const block = drawn.get(name) as Block;
    const above = drawn.get(over.get(name) as string) as Block;
    const edges = into.get(name) as Edge[];
    const column = edges.length === 1 && above.row.find(({ edge }) => edge === edges[0]);
    if (column) column.block = block;
    else above.below.push(block);
  }
  return drawn.get(root) as Block;
}

/** The steps that can be reached, each after those that lead to it, and what leads back. */
function ordered(graph: Graph, root: string, known: Map<string, unknown>) {
  const state = new Map<string, "under" | "done">();
  const order: string[] = [];
  const back = new Set<Edge>();
  const follow = (name: string) => {
    state.set(name, "under");
    for (const edge of [...(graph.out.get(name) ?? [])].reverse()) {
      if (edge.to === undefined || known.has(edge.to)) continue;
      if (state.get(edge.to) === "under") back.add(edge);
      else if (!state.has(edge.to)) follow(edge.to);
    }
    state.set(name, "done");
    order.push(name);
  };
  follow(root);
  return { order: order.reverse(), back };
}

function meeting(a: string, b: string, over: Map<string, string>, place: Map<string, number>): string {
  const at = (name: string) => place.get(name) as number;
  let [one, other] = [a, b];
  while (one !== other)
    if (at(one) > at(other)) one = over.get(one) as string;
    else other = over.get(other) as string;
  return one;
}

/** A line of the list of steps. */
export interface Line {
  depth: number;
  /** The step; undefined: a way that ends there, or leads to a step elsewhere. */
  step: string | undefined;
  /** The way by which it is reached, where it is one of several. */
  edge: Edge | undefined;
}

/** The same as a list: what is on a way stands below it, further in. */
export function outlineOf(blocks: Block[]): Line[] {
  const lines: Line[] = [];
  const walk = (block: Block, depth: number, edge: Edge | undefined) => {
    if (block.step !== begin) lines.push({ depth, step: block.step, edge });
    const several = block.row.length > 1 || block.after !== undefined;
    const inner = several ? depth + 1 : depth;
    for (const column of block.row)
      if (column.block) walk(column.block, inner, several ? column.edge : undefined);
      else lines.push({ depth: inner, step: undefined, edge: column.edge });
    const { after } = block;
    if (after && !block.below.some(({ step }) => step === after.to))
      lines.push({ depth, step: undefined, edge: after });
    for (const one of block.below) walk(one, depth, undefined);
  };
  for (const block of blocks) walk(block, 0, undefined);
  return lines;
}
