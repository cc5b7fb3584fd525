// Held to all workflows that are there, those of the packages and those of the scenarios, and to some that nobody would draw.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { patched, same } from "~/studio/patching";
import type { Schema } from "~/studio/shape";
import {
  added,
  beginsWith,
  canAdd,
  canMove,
  changed,
  duplicated,
  goals,
  leads,
  moved,
  removed,
  renamed,
} from "./edits";
import { begin, blocksOf, type Edge, type Graph, graphOf, keyOfEdge, outlineOf, reach } from "./graph";
import { layoutOf, type Point, size } from "./layout";
import { type Flow, mainOf, portsOf, type Step } from "./ports";

const repository = new URL("../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), "utf8");
const names = (path: string) => readdirSync(new URL(path, repository));

/** The schema of steps as the server composes it, of what each type says in its file. */
const root: Schema = (() => {
  const { $defs } = JSON.parse(read("workflows/workflow.json"));
  const types = names("workflows/steps/").flatMap((file) =>
    [...read(`workflows/steps/${file}`).matchAll(/ of\[\w+\]\("(\w+)", [\w.]+, `([^`]+)`/g)].map(
      ([, type, schema]) => [`step.of.${type}`, JSON.parse(schema as string)] as const,
    ),
  );
  return { $defs: { ...$defs, "step.shared": $defs.step, ...Object.fromEntries(types) } };
})();
const ports = portsOf(root);

const flowsIn = (value: unknown): Flow[] => {
  if (typeof value !== "object" || value === null) return [];
  const { kind, steps } = value as Partial<Flow>;
  return [
    ...(kind === "workflow" && typeof steps === "object" ? [value as Flow] : []),
    ...Object.values(value).flatMap(flowsIn),
  ];
};
const folders = [
  ...names("metadata/packages/").map((name) => `metadata/packages/${name}/workflow/`),
  "workflows/runner/testdata/scenarios/",
  "engine/api/testdata/scenarios/",
];
const there = folders
  .filter((folder) => existsSync(new URL(folder, repository)))
  .flatMap((folder) =>
    names(folder).flatMap((file) =>
      flowsIn(JSON.parse(read(folder + file))).map((flow) => [`${file} ${flow.name}`, flow] as const),
    ),
  );

/** Numbers that look like chance, the same each time. */
function chance(seed: number) {
  let at = seed;
  return (below: number) => {
    at = (Math.imul(at, 1103515245) + 12345) >>> 0;
    return Math.floor((at / 2 ** 32) * below);
  };
}

/** A workflow of steps that lead to any that come after them. */
function drawnAt(seed: number, many: number): Flow {
  const any = chance(seed);
  const types = ["set", "branch", "find", "switch", "approval", "notify", "stop", "wait", "for_each", "parallel"];
  const steps: Record<string, Step> = {};
  for (let i = 0; i < many; i++) {
    const type = types[any(types.length)] as string;
    let flow: Flow = { kind: "workflow", name: "any", steps: { s: beginsWith(root, type, "account") } };
    for (const edge of graphOf(flow, ports).out.get("s") ?? [])
      if (i + 1 < many && any(4) > 0)
        flow = patched(flow, leads(flow, edge, `s${i + 1 + any(Math.min(6, many - i - 1))}`)) as Flow;
    steps[`s${i}`] = flow.steps?.s as Step;
  }
  const flow: Flow = { kind: "workflow", name: `any_${seed}`, object: "account", start: "s0", steps };
  const found = reach(graphOf(flow, ports), begin);
  return { ...flow, steps: Object.fromEntries(Object.entries(steps).filter(([name]) => found.has(name))) };
}
const chosen = Array.from({ length: 40 }, (_, i) => drawnAt(i + 1, 5 + (i % 25)));
const all = [...there, ...chosen.map((flow) => [flow.name, flow] as const)];
const some = [...there, ...chosen.slice(0, 15).map((flow) => [flow.name, flow] as const)];

const edgesOf = (graph: Graph): Edge[] => [...graph.out.values()].flat();
const given = (flow: Flow, patch: unknown) => patched(flow, patch) as Flow;
/** What a document says, to the byte but for the order in which members stand. */
const bytes = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );

test("there are workflows, and a port wherever a type leads on", () => {
  expect(there.length).toBeGreaterThan(70);
  expect([...ports.keys()].length).toBeGreaterThanOrEqual(23);
  const flow: Flow = {
    kind: "workflow",
    name: "x",
    start: "a",
    steps: {
      a: { type: "switch", cases: [{ when: "x", next: "b" }, { when: "y" }], else: "c", failed: "b" },
      b: { type: "for_each", do: "c", next: "gone" },
      c: { type: "stop" },
    },
  };
  const graph = graphOf(flow, ports);
  expect(graph.out.get("a")?.map(({ at, to }) => `${at.join("/")} ${to}`)).toEqual([
    "cases/0/next b",
    "cases/1/next undefined",
    "else c",
    "failed b",
    "undo undefined",
  ]);
  expect(graph.out.get("b")?.map(({ is, to, lost }) => `${is} ${to ?? lost}`)).toEqual([
    "next gone",
    "body c",
    "failed undefined",
    "undo undefined",
  ]);
  expect(mainOf("approval", ports)).toEqual(["approved"]);
  expect(mainOf("refuse", ports)).toBeUndefined();
});

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
const box = ({ x, y }: Point): Box => ({
  left: x - size.width / 2,
  right: x + size.width / 2,
  top: y,
  bottom: y + size.height,
});
const apart = (a: Box, b: Box) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
const span = (a: Point, b: Point): Box => ({
  left: Math.min(a.x, b.x),
  right: Math.max(a.x, b.x),
  top: Math.min(a.y, b.y),
  bottom: Math.max(a.y, b.y),
});

describe.each(all)("%s is drawn", (_, flow) => {
  const graph = graphOf(flow, ports);
  const layout = layoutOf(blocksOf(graph));
  const at = new Map(layout.steps.map((one) => [one.step, one]));

  test("each step once, and none over another", () => {
    expect([...at.keys()].sort()).toEqual([begin, ...graph.steps.keys()].sort());
    expect(layout.steps.length).toBe(at.size);
    const boxes = layout.steps.map(box);
    const over = boxes.filter((one, i) => boxes.slice(i + 1).some((other) => !apart(one, other)));
    expect(over).toEqual([]);
    for (const { left, right, bottom } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(layout.width);
      expect(bottom).toBeLessThanOrEqual(layout.height);
    }
  });

  test("each way from its step down to where it leads, beside all other steps", () => {
    const wanted = edgesOf(graph).filter(({ is, to, lost }) => (is !== "failed" && is !== "undo") || to || lost);
    expect(layout.lines.map(({ edge }) => keyOfEdge(edge)).sort()).toEqual(wanted.map(keyOfEdge).sort());
    for (const { edge, points, open } of layout.lines) {
      const from = at.get(edge.from) as Point;
      const to = at.get(edge.to ?? "") as Point;
      const end = points.at(-1) as Point;
      expect(points[0]?.x).toBe(from.x);
      if (!open) expect(end).toEqual({ x: to.x, y: to.y });
      for (const [i, point] of points.slice(1).entries()) {
        const before = points[i] as Point;
        expect(point.x === before.x || point.y === before.y).toBe(true);
        expect(point.y).toBeGreaterThanOrEqual(before.y);
        const line = span(before, point);
        const wide = { left: line.left - 1, right: line.right + 1, top: line.top - 1, bottom: line.bottom + 1 };
        const under = layout.steps.filter((place) => {
          const { top, bottom, ...sides } = box(place);
          return !apart({ ...sides, top: top + 1, bottom: bottom - 1 }, wide);
        });
        expect(under, keyOfEdge(edge)).toEqual([]);
      }
    }
  });

  test("and listed, each step once", () => {
    const steps = outlineOf(blocksOf(graph)).flatMap(({ step }) => (step === undefined ? [] : [step]));
    expect(steps.sort()).toEqual([...graph.steps.keys()].sort());
  });
});

describe.each(some)("%s is changed", (_, flow) => {
  const graph = graphOf(flow, ports);
  const edges = edgesOf(graph);
  const steps = [...graph.steps.keys()];
  const told = new Map(steps.map((name) => [name, bytes(flow.steps?.[name])]));
  /** All but these members say the same bytes. */
  const untouched = (next: Flow, but: string[]) => {
    const rest = (of: Flow) => ({ ...of, start: undefined, steps: undefined });
    expect(bytes(rest(next))).toBe(bytes(rest(flow)));
    const others = steps.filter((name) => !but.includes(name));
    expect(others.map((name) => bytes(next.steps?.[name]))).toEqual(others.map((name) => told.get(name)));
  };

  test("a step that is put anywhere and taken away again leaves nothing", () => {
    for (const edge of edges)
      for (const type of ["notify", "branch", "for_each", "parallel", "stop"]) {
        if (!canAdd(type, edge, ports)) continue;
        const { name, patch } = added(flow, edge, beginsWith(root, type, flow.object), ports);
        const next = given(flow, patch);
        untouched(next, [edge.from, name]);
        const then = graphOf(next, ports);
        expect(then.out.get(edge.from)?.find(({ at }) => same(at, edge.at))?.to).toBe(name);
        if (edge.to) expect(reach(then, name)).toContain(edge.to);
        if (edge.to === name) continue;
        const back = removed(next, name, ports);
        expect(back.gone).toEqual([name]);
        expect(bytes(given(next, back.patch))).toBe(
          bytes(edge.lost ? given(flow, leads(flow, edge, undefined)) : flow),
        );
      }
  });

  test("a step is taken away, and what remains is reached as before", () => {
    for (const name of steps) {
      const { gone, patch } = removed(flow, name, ports);
      const next = given(flow, patch);
      expect(Object.keys(next.steps ?? {}).sort()).toEqual(steps.filter((one) => !gone.includes(one)).sort());
      const then = graphOf(next, ports);
      expect(edgesOf(then).filter(({ lost }) => lost).length).toBeLessThanOrEqual(
        edges.filter(({ lost }) => lost).length,
      );
      const [before, left] = [reach(graph, begin), reach(then, begin)];
      for (const one of before) if (!gone.includes(one)) expect(left).toContain(one);
      untouched(next, [...gone, ...edges.flatMap(({ from, to }) => (to === name ? [from] : []))]);
    }
  });

  test("a step is moved without another being lost", () => {
    for (const name of steps)
      for (const edge of edges) {
        if (!canMove(graph, name, edge, ports)) continue;
        const next = given(flow, moved(flow, name, edge, ports));
        const then = graphOf(next, ports);
        expect([...then.steps.keys()].sort()).toEqual([...steps].sort());
        expect(then.out.get(edge.from)?.find(({ at }) => same(at, edge.at))?.to).toBe(name);
        expect(reach(then, name)).not.toContain(name);
        if (edge.to) expect(reach(then, name)).toContain(edge.to);
        const [before, left] = [reach(graph, begin), reach(then, begin)];
        const lost = [...before].filter((one) => one !== name && !left.has(one));
        expect(lost, `${name} to ${keyOfEdge(edge)}`).toEqual([]);
      }
  });

  test("a copy stands after its step, and goes as it came", () => {
    for (const name of steps) {
      const copy = duplicated(flow, name, ports);
      if (!copy) continue;
      const next = given(flow, copy.patch);
      untouched(next, [name, copy.name]);
      expect(bytes(given(next, removed(next, copy.name, ports).patch))).toBe(bytes(flow));
    }
  });

  test("a name is given everywhere, and given back", () => {
    for (const name of steps) {
      const next = given(flow, renamed(flow, name, "another_name", ports));
      expect(bytes(next)).not.toMatch(new RegExp(`steps\\.${name}\\b(?!\\w)`));
      expect(bytes(given(next, renamed(next, "another_name", name, ports)))).toBe(bytes(flow));
    }
  });

  test("a way leads elsewhere, and not round in a circle", () => {
    for (const edge of edges)
      for (const to of goals(graph, edge)) {
        const next = given(flow, leads(flow, edge, to));
        untouched(next, [edge.from]);
        expect(reach(graphOf(next, ports), to)).not.toContain(to);
      }
  });

  test("a setting is said, and nothing else", () => {
    for (const name of steps) {
      const next = given(flow, changed(flow, ["steps", name, "label"], "Another"));
      untouched(next, [name]);
      expect(next.steps?.[name]).toEqual({ ...flow.steps?.[name], label: "Another" });
      expect(changed(flow, ["steps", name], flow.steps?.[name])).toEqual({});
    }
  });
});

test("what leads round in a circle, or from nowhere, is drawn, too", () => {
  const steps: Record<string, Step> = {
    a: { type: "set", next: "b" },
    b: { type: "find", none: "a", next: "c" },
    c: { type: "set" },
    d: { type: "set", next: "e" },
    e: { type: "set", next: "d" },
    f: { type: "set", next: "c" },
  };
  const flow: Flow = { kind: "workflow", name: "round", start: "a", steps };
  const layout = layoutOf(blocksOf(graphOf(flow, ports)));
  expect(layout.steps.map(({ step }) => step).sort()).toEqual(["", "a", "b", "c", "d", "e", "f"]);
  expect(
    layout.lines
      .filter(({ open, edge }) => open && edge.to)
      .map(({ edge }) => keyOfEdge(edge))
      .sort(),
  ).toEqual(["b/none", "e/next", "f/next"]);
});
