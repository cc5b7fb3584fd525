// What somebody does to a workflow, as the merge patch that says it. What it is not about stays as it is, to the byte.
import type { Patch } from "~/api/drafts";
import { difference, nameOf, same, withAt } from "~/studio/patching";
import type { Schema } from "~/studio/shape";
import { begin, type Edge, type Graph, graphOf, reach } from "./graph";
import { type Flow, mainOf, type Ports, type Step } from "./ports";

type At = Pick<Edge, "from" | "at">;
type Json = unknown;

const isObject = (v: Json): v is { [member: string]: Json } => typeof v === "object" && v !== null && !Array.isArray(v);

const placeOf = ({ from, at }: At) => (from === begin ? at : ["steps", from, ...at]);
const led = (flow: Flow, at: At, to: string | undefined) => withAt(flow, placeOf(at), to) as Flow;
const patchOf = (before: Flow, after: Flow) => (difference(before, after) ?? {}) as Patch;

/** What says that some place of a workflow, or of a step, is otherwise. */
export const changed = (flow: Flow, path: string[], value: Json): Patch =>
  patchOf(flow, withAt(flow, path, value) as Flow);

/** What a step of a type begins with: the members that it must have, where these go without saying. */
export function beginsWith(root: Schema, type: string, object: string | undefined): Step {
  const schema = (root.$defs as Schema | undefined)?.[`step.of.${type}`];
  const { properties, required } = isObject(schema) ? schema : {};
  const step: Step = { type };
  for (const name of Array.isArray(required) ? required.map(String) : []) {
    const one = isObject(properties) ? properties[name] : undefined;
    if (!isObject(one)) continue;
    if (name === "object" && object) step.object = object;
    else if (Array.isArray(one.enum)) step[name] = one.enum[0];
    else if (one.type === "array" && typeof one.minItems === "number")
      step[name] = Array.from({ length: one.minItems }, () => ({}));
  }
  return step;
}

/** Puts a step where something leads: what stood there follows it. */
export function added(flow: Flow, at: Edge, step: Step, ports: Ports): { name: string; patch: Patch } {
  const name = nameOf(step.type, (one) => one in (flow.steps ?? {}), "step");
  const main = mainOf(step.type, ports);
  const whole = main && at.to !== undefined ? (withAt(step, main, at.to) as Step) : step;
  const after = led({ ...flow, steps: { ...flow.steps, [name]: whole } }, at, name);
  return { name, patch: patchOf(flow, after) };
}

/** Whether a step of a type can stand where something leads on: one that ends a run can't have anything after it. */
export const canAdd = (type: string, at: Edge, ports: Ports) => at.to === undefined || !!mainOf(type, ports);

/** Has what leads somewhere lead to a step, or end. */
export const leads = (flow: Flow, at: At, to: string | undefined): Patch => patchOf(flow, led(flow, at, to));

/** The steps to which something may lead without going round in a circle. */
export function goals(graph: Graph, at: At): string[] {
  return [...graph.steps.keys()].filter((to) => to !== at.from && !reach(graph, to).has(at.from));
}

/** A workflow in which what leads to a step leads on to what follows it. */
function without(flow: Flow, name: string, ports: Ports): Flow {
  const graph = graphOf(flow, ports);
  const main = mainOf(graph.steps.get(name)?.type ?? "", ports);
  const next = graph.out.get(name)?.find(({ at }) => same(at, main ?? []))?.to;
  let after = flow;
  for (const edges of graph.out.values())
    for (const edge of edges) if (edge.to === name) after = led(after, edge, next === name ? undefined : next);
  return main ? led(after, { from: name, at: main }, undefined) : after;
}

/** Takes a step away; what follows it moves up, and what it alone led to besides goes with it. */
export function removed(flow: Flow, name: string, ports: Ports): { gone: string[]; patch: Patch } {
  const under = reach(graphOf(flow, ports), name);
  const after = without(flow, name, ports);
  const then = graphOf(after, ports);
  const others = [begin, ...then.steps.keys()].filter((one) => one !== name && !under.has(one));
  const kept = new Set(others.flatMap((one) => [...reach(then, one)]));
  const gone = [name, ...[...under].filter((one) => one !== name && !kept.has(one))];
  const steps = Object.fromEntries(Object.entries(after.steps ?? {}).filter(([one]) => !gone.includes(one)));
  return { gone, patch: patchOf(flow, { ...after, steps }) };
}

/** Whether a step can be moved to where something leads: not to where it is, nor into what hangs on it. */
export function canMove(graph: Graph, name: string, at: Edge, ports: Ports): boolean {
  const step = graph.steps.get(name);
  if (!step || at.from === name || at.to === name || !canAdd(step.type, at, ports)) return false;
  const main = mainOf(step.type, ports) ?? [];
  return !reach(graph, name, (edge) => edge.from === name && same(edge.at, main)).has(at.from);
}

/** Moves a step, with what hangs on it, to where something leads. */
export function moved(flow: Flow, name: string, at: Edge, ports: Ports): Patch {
  const out = without(flow, name, ports);
  const to = graphOf(out, ports)
    .out.get(at.from)
    ?.find((edge) => same(edge.at, at.at))?.to;
  const main = mainOf(out.steps?.[name]?.type ?? "", ports);
  const after = main && to !== undefined ? led(out, { from: name, at: main }, to) : out;
  return patchOf(flow, led(after, at, name));
}

/** A copy of a step after it. Where else it may lead is not copied; undefined: nothing can follow it. */
export function duplicated(flow: Flow, name: string, ports: Ports): { name: string; patch: Patch } | undefined {
  const step = flow.steps?.[name];
  const main = step && mainOf(step.type, ports);
  if (!step || !main) return undefined;
  const edges = graphOf(flow, ports).out.get(name) ?? [];
  const bare = edges.reduce<Json>((copy, { at }) => withAt(copy, at, undefined), step);
  const edge = edges.find(({ at }) => same(at, main));
  return edge && added(flow, edge, bare as Step, ports);
}

/** What people read, in which a name is none. */
const texts = new Set(["label", "description", "help"]);

/** Gives a step another name: what leads to it and what reads what it found says that instead. */
export function renamed(flow: Flow, name: string, to: string, ports: Ports): Patch {
  const graph = graphOf(flow, ports);
  let after = flow;
  for (const edges of graph.out.values()) for (const edge of edges) if (edge.to === name) after = led(after, edge, to);
  const mentions = new RegExp(`(?<![\\w.])steps\\.${name}(?!\\w)`, "g");
  const said = (value: Json): Json => {
    if (typeof value === "string") return value.replace(mentions, `steps.${to}`);
    if (Array.isArray(value)) return value.map(said);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, texts.has(key) ? one : said(one)]));
  };
  const steps = Object.fromEntries(
    Object.entries(after.steps ?? {}).map(([one, step]) => [one === name ? to : one, said(step) as Step]),
  );
  return patchOf(flow, { ...(said(after) as Flow), steps });
}
