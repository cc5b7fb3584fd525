import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type RefObject, useDeferredValue, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import type { OnAnswered } from "~/api/answered";
import type { Schemas } from "~/api/client";
import { Offline, refusal } from "~/api/client";
import type { Names } from "~/api/names";
import { form } from "~/api/records";
import { findFor } from "~/fields/find";
import { useFormats } from "~/fields/useFormats";
import type { ObjectModel } from "~/meta/model";
import { useObject, useSession } from "~/meta/session";
import { layoutFor, shownTab, tabsOf } from "~/page/layout";
import css from "~/page/Page.module.css";
import { Failure } from "~/ui/Failure";
import { splitLists } from "./activity/stream";
import { Approvals } from "./approvals/Approvals";
import { ConflictPanel } from "./ConflictPanel";
import { CreatePanel } from "./CreatePanel";
import { EditableField } from "./EditableField";
import { useFiles } from "./files/useFiles";
import { Head } from "./Head";
import { InputsPanel } from "./InputsPanel";
import { Missing } from "./Missing";
import { MergePanel } from "./merge/MergePanel";
import { RelatedList } from "./RelatedList";
import { Sections } from "./Sections";
import { Side } from "./Side";
import { StagePath } from "./StagePath";
import { useKeptScroll } from "./useKeptScroll";
import { unnamedIn, useNames } from "./useNames";
import { useRecord } from "./useRecord";
import { useRecordCommands } from "./useRecordCommands";

/** More fields of a tab than a screen shows. */
const firstFields = 60;

export function RecordPage() {
  const { t } = useTranslation();
  const { object: name, id } = useParams();
  const object = useObject(name);
  const scrolled = useRef(0);
  if (!object || !id) return <Failure says={t("app.lost")} lost />;
  return <RecordPanel key={`${name}/${id}`} object={object} id={id} scrolled={scrolled} />;
}

const noWorkflows: Schemas["Button"][] = [];
const noDocuments: Schemas["PrintedDocument"][] = [];

interface PanelProps {
  object: ObjectModel;
  id: string;
  beside?: boolean;
  /** How far the record before was scrolled. */
  scrolled?: RefObject<number>;
  /** The person answered what waited for them here. */
  onAnswered?: OnAnswered;
}

/** The address holds what is shown: `tab`, `side`, what is being added (`add`), which workflow is asked for (`run`), which e-mail is written (`write`, `answers`), and whether duplicates are (`merge`). */
export function RecordPanel({ object, id, beside = false, scrolled, onAnswered }: PanelProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const device = phone ? "phone" : "desktop";
  const [at, setAt] = useSearchParams();
  const { page, record, state, save, columns, conflict, settle } = useRecord(object, id, device);
  const names = useNames(page.isSuccess ? unnamedIn(model, object, record.data) : [], page.data?.names);
  const [draft, setDraft] = useState<{ name: string; value: unknown }>();
  const preview = usePreview(object, id, draft);
  const layout = layoutFor(object, state.data?.layout ?? page.data?.layout, device);
  const { lists, activities } = useMemo(() => splitLists(model, layout), [model, layout]);
  // What a screen has room for is drawn in the frame of the click, the rest after it.
  const whole = useDeferredValue(true, false);
  const [over, setOver] = useState(false);
  const top = useRef(0);
  const frame = useKeptScroll(scrolled ?? top);
  const files = useFiles(object, id, at.get("side") === "files");
  const show = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(at);
    for (const [key, value] of Object.entries(changes)) value === undefined ? next.delete(key) : next.set(key, value);
    setAt(next, { replace: true });
  };
  const commands = useRecordCommands({
    beside,
    object,
    id,
    can: page.data?.can,
    record: record.data,
    workflows: page.data?.workflows ?? noWorkflows,
    documents: page.data?.documents ?? noDocuments,
    activities,
    show,
  });

  const failed = page.error ?? record.error;
  // Without the server there may still be what a list knew of the record.
  if (failed && !(failed instanceof Offline && record.data)) {
    const why = refusal(failed);
    if (why?.status === 404) return <Missing object={object} id={id} formats={formats} />;
    return <Failure says={why?.detail} id={why?.id} again={() => void (page.isError ? page : record).refetch()} />;
  }
  const now = record.data;
  if (!now) return <div className={css.page} aria-busy="true" />;

  const states = state.data?.fields ?? {};
  const hidden = (of: Record<string, { visible: boolean }> | undefined, name: string) => of?.[name]?.visible === false;
  const tabs = tabsOf(object, layout).filter((one) => !hidden(state.data?.tabs, one.name));
  const tab = shownTab(tabs, at.get("tab"));
  const called = String(now[object.nameField] ?? id);
  const fixed = (name: string): string | undefined => {
    const field = object.fields.get(name);
    if (!object.can.update || page.data?.can.update === false) return t("record.fixed.right");
    if (page.data?.approvals.some((one) => one.state === "pending" && one.locks)) return t("approval.locks");
    if (!field?.editable)
      return t(
        field?.doc.type === "formula" || field?.doc.type === "rollup" ? "record.fixed.computed" : "record.fixed.field",
      );
    if (page.isError) return t("offline.unread");
    if (record.isPlaceholderData || !states[name]) return t("record.fixed.loading");
    return states[name].read_only ? t("record.fixed.now") : undefined;
  };
  const field = (name: string, wide?: boolean) => {
    const column = columns.get(name);
    if (!column || hidden(states, name)) return null;
    const computed = preview && !column.field.editable && name in preview.values;
    const problems = (preview?.problems ?? [])
      .filter((p) => p.pointer.startsWith(`/${name}/`))
      .map((p) => ({ ...p, pointer: p.pointer.slice(name.length + 1) }));
    return (
      <EditableField
        key={name}
        column={column}
        record={now}
        value={computed ? preview.values[name] : now[name]}
        name={
          nameOf(column.field.shows, now[name], names) ?? (column.namePath && (now[column.namePath] as string | null))
        }
        names={names}
        formats={formats}
        fixed={fixed(name)}
        required={states[name]?.required ?? false}
        wide={wide}
        phone={phone}
        offered={states[name]?.options}
        parts={{ value: preview?.values[name], rows: preview?.rows[name] ?? state.data?.rows[name], problems }}
        candidates={column.field.targets.length === 1 ? findFor(model, object, name, { id, data: {} }) : undefined}
        save={save}
        onDraft={setDraft}
      />
    );
  };
  // What stands above is not told again below.
  const stages = object.doc.stages?.field;
  const highlights = (layout?.highlights ?? []).filter((name) => name !== stages);
  const above = new Set([...highlights, stages]);
  const add = lists.find((one) => one.name === at.get("add"));
  const other = add && model.objects.get(add.object);
  const button = page.data?.workflows.find((one) => one.name === at.get("run"));
  return (
    <article
      className={css.page}
      ref={frame}
      data-over={over}
      aria-label={called}
      onDragOver={(event) => {
        if (!object.can.update || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node)) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!object.can.update || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        files.add([...event.dataTransfer.files]);
        show({ side: "files" });
      }}
    >
      <Head object={object} record={now} called={called} commands={commands} phone={phone} beside={beside} />
      {conflict && (
        <ConflictPanel
          key={conflict.stored.version}
          object={object}
          conflict={conflict}
          formats={formats}
          save={save}
          onDone={settle}
        />
      )}
      {page.data && <Approvals approvals={page.data.approvals} formats={formats} onAnswered={onAnswered} />}
      <div className={css.highlights}>{highlights.map((name) => field(name))}</div>
      <StagePath object={object} record={now} formats={formats} fixed={fixed(stages ?? "")} save={save} />
      <div className={css.columns}>
        <div className={css.main}>
          <Sections
            object={object}
            tabs={tabs}
            tab={tab}
            onChoose={(tab) => show({ tab })}
            shows={(path) => !hidden(state.data?.sections, path)}
            field={(name, wide) => (above.has(name) ? null : field(name, wide))}
            folds={phone}
            most={whole ? Number.POSITIVE_INFINITY : firstFields}
          />
          {lists
            .filter((one) => whole && (!one.tab || one.tab === tab?.name) && !hidden(state.data?.related, one.name))
            .map((one) => (
              <RelatedList
                key={one.name}
                object={object}
                id={id}
                ready={page.isSuccess}
                list={one}
                formats={formats}
                onAdd={() => show({ add: one.name })}
              />
            ))}
        </div>
        {whole && (
          <Side
            object={object}
            id={id}
            name={called}
            known={page.data?.names}
            ready={page.isSuccess}
            activities={activities.filter((one) => !hidden(state.data?.related, one.list.name))}
            files={files}
            formats={formats}
            chosen={at.get("side")}
            adding={at.get("log") ?? undefined}
            letters={(page.data?.workflows ?? noWorkflows).filter((one) => one.composes)}
            writing={at.get("write") ?? undefined}
            answering={at.get("answers") ?? undefined}
            ran={page.data?.ran ?? false}
            show={show}
          />
        )}
      </div>
      {add && other && (
        <CreatePanel
          object={other}
          given={givenTo(other, add.lookup, object, id)}
          onClose={() => show({ add: undefined })}
          onCreated={() => show({ add: undefined })}
        />
      )}
      {button && <InputsPanel object={object} id={id} button={button} onClose={() => show({ run: undefined })} />}
      {at.get("merge") !== null && (
        <MergePanel
          object={object}
          record={now}
          columns={columns}
          formats={formats}
          onClose={() => show({ merge: undefined })}
        />
      )}
    </article>
  );
}

/** What follows from what is being entered in a table: formulas, totals, what is wrong in which row. */
function usePreview(object: ObjectModel, id: string, draft: { name: string; value: unknown } | undefined) {
  const { me } = useSession();
  const [settled] = useDebouncedValue(draft, 200);
  const asked = draft && settled;
  return useQuery({
    queryKey: [me.tenant, object.name, "preview", id, asked],
    queryFn: ({ signal }) => form(object.name, { id, data: { [asked?.name ?? ""]: asked?.value } }, signal),
    enabled: asked !== undefined,
    placeholderData: draft && keepPreviousData,
    gcTime: 0,
  }).data;
}

function nameOf(shows: string, value: unknown, names: Names | undefined) {
  if (shows !== "any_lookup" || !value) return undefined;
  const { object, id } = value as { object: string; id: string };
  return names ? (names[object]?.[id] ?? null) : "…";
}

/** What a record that is added to a related list begins with. */
function givenTo(other: ObjectModel, lookup: string, object: ObjectModel, id: string): string {
  const value = other.fields.get(lookup)?.type === "any_lookup" ? `${object.name}:${id}` : id;
  return `${lookup}=${value}`;
}
