import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconArrowsMove, IconTrash, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import { type LayoutDoc, ordered, say } from "~/meta/documents";
import { useDocuments, useProblems } from "~/studio/drafting";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { valueAt } from "~/studio/patching";
import { type Schema, shapeOf } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import { type Designing, useDesigning } from "./designing";
import { around, beside, isLast, keyOfThing, kindOfThing, nameOfThing, namesIn, type Path } from "./edits";
import css from "./Pages.module.css";

/** What people look for first. */
const first = [
  "label",
  "type",
  "object",
  "view",
  "filter",
  "columns",
  "wide",
  "visible_when",
  "required_when",
  "read_only_when",
];

/** What a thing says besides what is in it and where it stands, drawn from the schema of its document. */
export function Settings({ schema, path }: { schema: Schema; path: Path }) {
  const { t } = useTranslation();
  const { document, choose, change, called } = useDesigning();
  const documents = useDocuments();
  const problems = useProblems({ kind: String(document.kind), name: String(document.name) });
  const value = valueAt(document, [...path]);
  const label = called(path);
  const placed = kindOfThing(path) === "highlights" ? undefined : schemaAt(schema, document, path);
  return (
    <Panel label={label} close={() => choose(undefined)} actions={<Actions path={path} />}>
      {placed ? (
        <SchemaForm
          key={keyOfThing(path)}
          root={schema}
          schema={placed}
          value={value}
          path={[...path]}
          first={first}
          without={["order", "fields", "sections"]}
          change={change}
          suggests={documents && suggestionsOf(documents, document)}
          problems={problems}
          object={
            kindOfThing(path) === "widgets"
              ? (value as { object?: string })?.object
              : (document.object as string | undefined)
          }
        />
      ) : (
        <p className="quiet">{t("studio.pages.highlight_says")}</p>
      )}
    </Panel>
  );
}

/** Where else it may stand, and that it may go. */
export function Actions({ path }: { path: Path }) {
  const { t } = useTranslation();
  const { document, remove } = useDesigning();
  const last = isLast(document, path);
  return (
    <>
      <MoveTo path={path} />
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconTrash size={14} />}
        disabled={last}
        title={last ? t("studio.pages.last_stays") : undefined}
        onClick={() => remove(path)}
      >
        {t("studio.pages.take_off")}
      </Button>
    </>
  );
}

interface PanelProps {
  label: string;
  /** Absent: it stays. */
  close?(): void;
  actions?: ReactNode;
  children: ReactNode;
}

/** What is beside the page. */
export function Panel({ label, close, actions, children }: PanelProps) {
  const { t } = useTranslation();
  return (
    <aside
      className={css.panel}
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) close?.();
      }}
    >
      <header>
        <h2>{label}</h2>
        {close && (
          <ActionIcon variant="subtle" color="gray" aria-label={t("app.close")} onClick={close}>
            <IconX size={16} />
          </ActionIcon>
        )}
      </header>
      {actions && <div className={css.actions}>{actions}</div>}
      {children}
    </aside>
  );
}

/** The schema of the place at some steps of a document. */
function schemaAt(root: Schema, document: Document, path: Path): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const [i, step] of path.entries()) {
    const shape = shapeOf(root, schema, valueAt(document, path.slice(0, i)));
    schema = shape.is === "map" ? shape.each : shape.is === "group" ? shape.members.get(step) : undefined;
    if (!schema) return undefined;
  }
  return schema;
}

/** Whatever a drag does, from a menu. */
export function MoveTo({ path }: { path: Path }) {
  const { t } = useTranslation();
  const design = useDesigning();
  const { document, move } = design;
  const own = around(path);
  const names = namesIn(document, own);
  const name = nameOfThing(path);
  const step = (by: -1 | 1) => {
    const to = beside(names, name, by);
    return { disabled: !to, onClick: () => to && move(path, own, to.before) };
  };
  const first = names[0] === name;
  const last = names.at(-1) === name;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-xs" variant="default" leftSection={<IconArrowsMove size={14} />}>
          {t("studio.pages.move_to")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah="60vh" className="scrolls">
        <Menu.Item disabled={first} onClick={() => move(path, own, names[0])}>
          {t("studio.to_top")}
        </Menu.Item>
        <Menu.Item {...step(-1)}>{t("studio.up")}</Menu.Item>
        <Menu.Item {...step(1)}>{t("studio.down")}</Menu.Item>
        <Menu.Item disabled={last} onClick={() => move(path, own)}>
          {t("studio.to_end")}
        </Menu.Item>
        <Elsewhere design={design} path={path} />
      </Menu.Dropdown>
    </Menu>
  );
}

/** The other collections that a thing may be in: sections for a field, tabs for a section or a list. */
function Elsewhere({ design, path }: { design: Designing; path: Path }) {
  const { t, i18n } = useTranslation();
  const { document, move, change } = design;
  const kind = kindOfThing(path);
  const tabs = ordered((document as unknown as LayoutDoc).tabs);
  const places: { label: string; go(): void }[] = [];
  for (const tab of tabs) {
    const tabLabel = say(tab.label, i18n.language, tab.name);
    if (kind === "related") places.push({ label: tabLabel, go: () => change([...path, "tab"], tab.name) });
    if (kind === "sections" && path[1] !== tab.name)
      places.push({ label: tabLabel, go: () => move(path, ["tabs", tab.name, "sections"]) });
    if (kind === "fields")
      for (const section of ordered(tab.sections)) {
        const to = ["tabs", tab.name, "sections", section.name, "fields"];
        if (keyOfThing(to) === keyOfThing(around(path)) || section.fields?.[nameOfThing(path)]) continue;
        const label = say(section.label, i18n.language, section.name);
        places.push({ label: tabs.length > 1 ? `${tabLabel} › ${label}` : label, go: () => move(path, to) });
      }
  }
  if (kind === "related")
    places.push({ label: t("studio.pages.below_tabs"), go: () => change([...path, "tab"], undefined) });
  if (places.length === 0) return null;
  return (
    <>
      <Menu.Divider />
      {places.map((one) => (
        <Menu.Item key={one.label} onClick={one.go}>
          {one.label}
        </Menu.Item>
      ))}
    </>
  );
}
