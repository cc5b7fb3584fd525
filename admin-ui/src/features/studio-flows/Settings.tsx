import { ActionIcon, Button, Menu, Select, TextInput } from "@mantine/core";
import { IconArrowsMove, IconCopy, IconTrash, IconX } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import { useDocuments } from "~/studio/drafting";
import { useTyped } from "~/studio/form/kept";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { rootsOf } from "~/studio/kinds";
import { patchAt } from "~/studio/patching";
import { type Schema, within } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import { canMove, duplicated, goals, leads, moved, removed, renamed } from "./edits";
import css from "./Flows.module.css";
import { begin, type Graph, keyOfEdge } from "./graph";
import { type Flow, mainOf, type Ports } from "./ports";

interface Props {
  document: Document;
  flow: Flow;
  graph: Graph;
  ports: Ports;
  schema: Schema;
  problems: Map<string, string>;
  chosen: string;
  choose(step: string | undefined): void;
  say(patch: Patch): void;
  titleOf(step: string): string;
}

/** All that the chosen step says; where it leads is drawn, and can be said here as well. */
export function Settings(props: Props) {
  const { document, flow, graph, ports, schema, problems, chosen, choose, say, titleOf } = props;
  const { t } = useTranslation();
  const documents = useDocuments();
  const suggests = useMemo(() => documents && suggestionsOf(documents, document), [documents, document]);
  const isTrigger = chosen === begin;
  const path = isTrigger ? [] : ["steps", chosen];
  const of = within(schema, schema, flow, path);
  const out = graph.out.get(chosen) ?? [];
  const led = out.filter(({ at }) => at.length === 1).map(({ at }) => at[0] as string);
  const drawn = isTrigger ? ["kind", "name", "steps", "start", "order"] : ["type", ...led];
  return (
    <aside className={css.panel} aria-label={t("studio.settings_of", { label: titleOf(chosen) })}>
      <header>
        <h2>{titleOf(chosen)}</h2>
        {!isTrigger && (
          <>
            <Moving {...props} />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t("studio.flows.duplicate")}
              title={t("studio.flows.duplicate")}
              disabled={!mainOf(graph.steps.get(chosen)?.type ?? "", ports)}
              onClick={() => {
                const copy = duplicated(flow, chosen, ports);
                if (!copy) return;
                say(copy.patch);
                choose(copy.name);
              }}
            >
              <IconCopy size={16} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="red"
              aria-label={t("studio.remove")}
              title={t("studio.remove")}
              onClick={() => {
                choose(undefined);
                say(removed(flow, chosen, ports).patch);
              }}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </>
        )}
        <ActionIcon variant="subtle" color="gray" aria-label={t("app.close")} onClick={() => choose(undefined)}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      {!isTrigger && (
        <Name
          name={chosen}
          taken={(name) => graph.steps.has(name)}
          say={(to) => {
            say(renamed(flow, chosen, to, ports));
            choose(to);
          }}
        />
      )}
      {of && (
        <SchemaForm
          root={schema}
          schema={of}
          value={isTrigger ? flow : graph.steps.get(chosen)}
          path={path}
          without={drawn}
          first={isTrigger ? ["label", "trigger", "object", "when"] : ["label"]}
          change={(at, value) => say(patchAt(at, value))}
          suggests={suggests}
          problems={problems}
          object={typeof flow.object === "string" ? flow.object : undefined}
          roots={rootsOf("workflow")}
        />
      )}
      {out
        .filter((edge) => edge.at.length === 1)
        .map((edge) => (
          <Select
            key={edge.at.join("/")}
            size="xs"
            clearable
            label={edge.title || t("studio.flows.begins_with")}
            placeholder={t("studio.flows.ends")}
            data={goals(graph, edge).map((one) => ({ value: one, label: titleOf(one) }))}
            value={edge.to ?? null}
            onChange={(to) => say(leads(flow, edge, to ?? undefined))}
          />
        ))}
    </aside>
  );
}

/** Moves a step, with what hangs on it, to another place. */
function Moving({ flow, graph, ports, chosen, say, titleOf }: Props) {
  const { t } = useTranslation();
  const places = [...graph.out.values()].flat().filter((edge) => canMove(graph, chosen, edge, ports));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t("studio.flows.move")}
          title={t("studio.flows.move")}
          disabled={places.length === 0}
        >
          <IconArrowsMove size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
        {places.map((edge) => (
          <Menu.Item key={keyOfEdge(edge)} onClick={() => say(moved(flow, chosen, edge, ports))}>
            {t("studio.flows.after", { label: titleOf(edge.from), way: edge.title })}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The name by which expressions read what a step found. */
function Name({ name, taken, say }: { name: string; taken(name: string): boolean; say(name: string): void }) {
  const { t } = useTranslation();
  const fits = (typed: string) => /^[a-z][a-z0-9_]{0,62}$/.test(typed) && !taken(typed);
  const text = useTyped(name, (typed) => (fits(typed) ? say(typed) : text.give()));
  return (
    <TextInput
      size="xs"
      label={t("studio.name")}
      error={text.typed !== name && !fits(text.typed) ? t("studio.name_form") : undefined}
      value={text.typed}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={text.leave}
      onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && text.leave()}
    />
  );
}

interface AddingProps {
  types: { type: string; title: string; says: string }[];
  add(type: string): void;
  close(): void;
}

/** Which step is wanted. */
export function Adding({ types, add, close }: AddingProps) {
  const { t } = useTranslation();
  return (
    <aside className={css.panel} aria-label={t("studio.flows.add")}>
      <header>
        <h2>{t("studio.flows.add")}</h2>
        <ActionIcon variant="subtle" color="gray" aria-label={t("app.close")} onClick={close}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      <Types types={types} add={add} />
    </aside>
  );
}

function Types({ types, add }: Omit<AddingProps, "close">) {
  const { t } = useTranslation();
  const words = useTyped("", () => undefined);
  const wanted = words.typed.trim().toLowerCase();
  const found = types.filter((one) => `${one.title} ${one.type} ${one.says}`.toLowerCase().includes(wanted));
  return (
    <>
      <TextInput
        size="xs"
        type="search"
        data-autofocus
        aria-label={t("studio.search")}
        placeholder={t("studio.search")}
        value={words.typed}
        onChange={(event) => words.type(event.currentTarget.value)}
        onKeyDown={(event) => {
          const [first] = found;
          if (event.key === "Enter" && !event.nativeEvent.isComposing && first) add(first.type);
        }}
      />
      <div className={css.types}>
        {found.map((one) => (
          <button key={one.type} type="button" title={one.says} onClick={() => add(one.type)}>
            {one.title}
          </button>
        ))}
      </div>
    </>
  );
}

/** What can be done with a workflow besides changing it. */
export function Ways({ way, choose }: { way: string | undefined; choose(way: string | undefined): void }) {
  const { t } = useTranslation();
  return (["try", "past", "runs"] as const).map((one) => (
    <Button
      key={one}
      size="compact-sm"
      variant={way === one ? "light" : "default"}
      aria-pressed={way === one}
      onClick={() => choose(way === one ? undefined : one)}
    >
      {t(`studio.flows.${one}`)}
    </Button>
  ));
}
