import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type PointerEvent, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { type Patch, schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import { type Label, say as said } from "~/meta/documents";
import { DocumentList, labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { sections } from "~/studio/kinds";
import { NewDocument } from "~/studio/NewDocument";
import { type Schema, titleOfType } from "~/studio/shape";
import { Canvas, type Mark } from "./Canvas";
import { added, beginsWith, canAdd, duplicated, removed } from "./edits";
import css from "./Flows.module.css";
import { begin, blocksOf, type Edge, graphOf } from "./graph";
import { layoutOf } from "./layout";
import { type Flow, portsOf } from "./ports";
import { Adding, Settings, Ways } from "./Settings";
import { Past, Runs, Trying } from "./Trying";

/** Workflows, drawn. */
export default function Flows() {
  const { t, i18n } = useTranslation();
  const { name } = useParams();
  const documents = useDocuments();
  const current = `workflow/${name}`;
  const document = documents?.get(current);
  const schema = useQuery({
    queryKey: ["schema", "workflow", i18n.language],
    queryFn: () => schemaOf("workflow"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  return (
    <div className={css.page} data-open>
      <DocumentList
        kinds={sections.automation}
        current={current}
        action={<NewDocument kinds={sections.automation} />}
      />
      {document && schema ? (
        <Designer key={name} document={document} schema={schema as Schema} />
      ) : (
        <p className={css.empty}>{documents && schema && t("app.lost")}</p>
      )}
    </div>
  );
}

const none: ReadonlyMap<string, Mark> = new Map();
const views = { try: Trying, past: Past, runs: Runs };

function Designer({ document, schema }: { document: Document; schema: Schema }) {
  const { t, i18n } = useTranslation();
  const { patch } = useChanging();
  const [params, setParams] = useSearchParams();
  const flow = document as unknown as Flow;
  const key = { kind: "workflow", name: String(document.name) };
  const problems = useProblems(key);
  const [adding, setAdding] = useState<Edge>();
  const [marks, setMarks] = useState(none);
  const ports = useMemo(() => portsOf(schema), [schema]);
  const graph = useMemo(() => graphOf(flow, ports), [flow, ports]);
  const layout = useMemo(() => layoutOf(blocksOf(graph)), [graph]);
  const label = labelOf(document, i18n.language);
  const types = useMemo(
    () =>
      [...ports.keys()].map((type) => {
        const says = (schema.$defs as Record<string, Schema>)[`step.of.${type}`]?.description;
        const title = titleOfType(schema, "step", type) ?? type.replaceAll("_", " ");
        return { type, title, says: typeof says === "string" ? says : "" };
      }),
    [ports, schema],
  );
  const typeTitle = useCallback(
    (type: string | undefined) => types.find((one) => one.type === type)?.title ?? type ?? "",
    [types],
  );
  const titleOf = useCallback(
    (step: string) => {
      if (step === begin) return t("studio.flows.start");
      const of = graph.steps.get(step);
      return said(of?.label as Label, i18n.language, typeTitle(of?.type));
    },
    [graph, i18n.language, t, typeTitle],
  );
  const typeOf = useCallback(
    (step: string) => {
      if (step !== begin) return `${typeTitle(graph.steps.get(step)?.type)} · ${step}`;
      const type = flow.trigger?.type ?? "";
      return titleOfType(schema, "trigger", type) ?? type;
    },
    [graph, flow, schema, typeTitle],
  );
  const troubled = useMemo(() => {
    const steps = [...problems.keys()].filter((at) => at.startsWith("/steps/")).map((at) => at.split("/")[2] as string);
    const trigger = [...problems.keys()].some((at) => /^\/(trigger|when|object|start)/.test(at));
    return new Set(trigger ? [...steps, begin] : steps);
  }, [problems]);
  const at = params.get("step");
  const chosen = at === null ? undefined : at === "-" ? begin : graph.steps.has(at) ? at : undefined;
  const way = params.get("way") as keyof typeof views | null;
  const go = useCallback(
    (changes: Record<string, string | undefined>) =>
      setParams(
        (now) => {
          const next = new URLSearchParams(now);
          for (const [name, value] of Object.entries(changes))
            if (value === undefined) next.delete(name);
            else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  const choose = useCallback(
    (step: string | undefined) => {
      setAdding(undefined);
      go({ step: step === begin ? "-" : step, way: undefined });
    },
    [go],
  );
  const say = (change: Patch) => void patch(key, change, t("studio.changed_this", { label }));
  const add = (type: string) => {
    if (!adding) return;
    const made = added(flow, adding, beginsWith(schema, type, flow.object), ports);
    say(made.patch);
    choose(made.name);
  };
  const keys = (event: KeyboardEvent) => {
    const step = (event.target as HTMLElement).dataset.step;
    if (event.key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey) go({ way: "try", step: undefined });
    else if (step && event.key === "Delete") {
      choose(undefined);
      say(removed(flow, step, ports).patch);
    } else if (step && event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) {
      const copy = duplicated(flow, step, ports);
      if (!copy) return;
      say(copy.patch);
      choose(copy.name);
    } else if (step && event.key === "+") {
      const edge = graph.out.get(step)?.[0];
      if (edge) setAdding(edge);
    } else return;
    event.preventDefault();
  };
  const View = way ? views[way] : undefined;
  const draft = params.get("draft");
  const adds = adding && graph.out.get(adding.from)?.find((one) => one.at.join("/") === adding.at.join("/"));
  return (
    <section className={css.flow} data-open={!!View || !!adds || chosen !== undefined} aria-label={label}>
      <header className={css.head}>
        <h1>{label}</h1>
        <code className="quiet small">{key.name}</code>
        <Ways way={way ?? undefined} choose={(next) => go({ way: next, step: undefined })} />
        <Link to={`?as=form${draft ? `&draft=${draft}` : ""}`}>{t("studio.access.else")}</Link>
      </header>
      <Panning keys={keys}>
        <Canvas
          layout={layout}
          chosen={chosen}
          choose={choose}
          add={setAdding}
          titleOf={titleOf}
          typeOf={typeOf}
          problems={troubled}
          marks={View ? marks : none}
        />
      </Panning>
      {View ? (
        <View
          document={document}
          name={key.name}
          object={flow.object}
          titleOf={titleOf}
          mark={setMarks}
          close={() => go({ way: undefined })}
        />
      ) : adds ? (
        <Adding
          types={types.filter((one) => canAdd(one.type, adds, ports))}
          add={add}
          close={() => setAdding(undefined)}
        />
      ) : (
        chosen !== undefined && (
          <Settings
            key={chosen}
            document={document}
            flow={flow}
            graph={graph}
            ports={ports}
            schema={schema}
            problems={problems}
            chosen={chosen}
            choose={choose}
            say={say}
            titleOf={titleOf}
          />
        )
      )}
    </section>
  );
}

/** A canvas that is moved by dragging what lies behind the steps. */
function Panning({ keys, children }: { keys(event: KeyboardEvent): void; children: React.ReactNode }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const from = useRef<{ x: number; y: number; left: number; top: number }>(undefined);
  const begins = (event: PointerEvent<HTMLDivElement>) => {
    if (event.pointerType !== "mouse" || (event.target as HTMLElement).closest("button")) return;
    const of = event.currentTarget;
    from.current = { x: event.clientX, y: event.clientY, left: of.scrollLeft, top: of.scrollTop };
    of.setPointerCapture(event.pointerId);
    of.dataset.dragged = "true";
  };
  const moves = (event: PointerEvent<HTMLDivElement>) => {
    if (!from.current) return;
    event.currentTarget.scrollLeft = from.current.left - (event.clientX - from.current.x);
    event.currentTarget.scrollTop = from.current.top - (event.clientY - from.current.y);
  };
  const ends = (event: PointerEvent<HTMLDivElement>) => {
    from.current = undefined;
    delete event.currentTarget.dataset.dragged;
  };
  return (
    <section
      ref={box}
      className={css.canvas}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
      tabIndex={0}
      aria-label={t("studio.flows.canvas")}
      onKeyDown={keys}
      onPointerDown={begins}
      onPointerMove={moves}
      onPointerUp={ends}
      onPointerCancel={ends}
    >
      {children}
    </section>
  );
}
