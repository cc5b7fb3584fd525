import { Button, Loader, NativeSelect, Popover } from "@mantine/core";
import { IconDownload, IconPencil, IconTrash, IconUser, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Outcome, removeAll, restoreAll } from "~/api/bulk";
import { refusal } from "~/api/client";
import type { ListQuery, Stored } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { findFor } from "~/fields/find";
import type { Field, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, undoThis } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { chosenRows, exportFilter, mostChosen, putBack, setField, TooMany } from "./bulk";
import css from "./ListPage.module.css";
import { RunOnChosen } from "./RunOnChosen";
import type { Selection } from "./selection";

interface Props {
  object: ObjectModel;
  query: ListQuery;
  /** With that of the view in it. */
  filter: string;
  selection: Selection;
  count: number | undefined;
  formats: Formats;
}

/** What can be done to the chosen rows. All of it can be undone, but for what workflows do. */
export function BulkBar({ object, query, filter, selection, count, formats }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const editable = [...object.fields.values()].filter((f) => f.editable && typeOf(f.shows).Input);
  const owner = object.fields.get("owner");

  const settle = () => cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
  const tell = (said: string, outcome: Outcome<Stored>, undo: () => Promise<unknown>) => {
    const change = {
      label: said,
      undo: async () => {
        await undo();
        await settle();
      },
    };
    if (outcome.done.length > 0) {
      pushUndo(change);
      notify({ text: said, action: { label: t("list.undo"), run: () => undoThis(change) } });
    }
    if (outcome.refused > 0)
      notify({ text: t("list.bulk.refused", { count: outcome.refused, why: outcome.why }), tone: "bad" });
  };
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
      await settle();
    } catch (error) {
      notify({
        text:
          error instanceof TooMany
            ? t("list.bulk.too_many", { most: formats.number(mostChosen, 0) })
            : (refusal(error)?.detail ?? t("error.offline")),
        tone: "bad",
      });
    } finally {
      setBusy(false);
    }
  };
  const edit = (field: Field, value: unknown) =>
    run(async () => {
      const rows = await chosenRows(object.name, query, selection, [field.name]);
      const before = new Map(rows.map((row) => [row.id as string, row[field.name]]));
      const outcome = await setField(object.name, rows, field.name, value);
      tell(t("list.changed", { count: outcome.done.length }), outcome, () =>
        putBack(object.name, outcome.done, field.name, before),
      );
    });
  const remove = () =>
    run(async () => {
      const outcome = await removeAll(object.name, await chosenRows(object.name, query, selection, []));
      selection.clear();
      tell(t("list.bulk.deleted", { count: outcome.done.length }), outcome, () =>
        restoreAll(object.name, outcome.done),
      );
    });
  const exported = me.rights.system.includes("export") ? exportFilter(filter, selection) : undefined;
  const address = `/api/v1/exports/${object.name}?${new URLSearchParams({
    format: "csv",
    bom: "true",
    labels: "true",
    ...(exported ? { filter: exported } : {}),
    ...(query.q && selection.but ? { q: query.q } : {}),
  })}`;
  return (
    <section className={css.bulk} aria-label={t("list.bulk.label")}>
      <strong aria-live="polite">{count === undefined ? t("list.bulk.all") : t("list.bulk.chosen", { count })}</strong>
      {object.can.update && editable.length > 0 && (
        <FieldPanel
          label={t("list.bulk.edit")}
          icon={<IconPencil size={14} />}
          object={object}
          fields={editable}
          formats={formats}
          busy={busy}
          onSet={edit}
        />
      )}
      {object.can.update && owner?.editable && (
        <FieldPanel
          label={owner.label}
          icon={<IconUser size={14} />}
          object={object}
          fields={[owner]}
          formats={formats}
          busy={busy}
          onSet={edit}
        />
      )}
      <RunOnChosen object={object} query={query} selection={selection} count={count} formats={formats} busy={busy} />
      {object.can.delete && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconTrash size={14} />}
          disabled={busy}
          onClick={() => void remove()}
        >
          {t("record.delete")}
        </Button>
      )}
      {exported !== undefined && (
        <Button
          size="compact-sm"
          variant="default"
          component="a"
          href={address}
          download
          leftSection={<IconDownload size={14} />}
        >
          {t("list.bulk.export")}
        </Button>
      )}
      {busy && <Loader size="xs" />}
      <span className={css.space} />
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        leftSection={<IconX size={14} />}
        onClick={selection.clear}
      >
        {t("list.bulk.none")}
      </Button>
    </section>
  );
}

interface FieldPanelProps {
  label: string;
  icon: React.ReactNode;
  object: ObjectModel;
  fields: Field[];
  formats: Formats;
  busy: boolean;
  onSet(field: Field, value: unknown): void;
}

/** Asks for a field, if there are several, and its value. One choice of a reference is the whole edit. */
function FieldPanel({ label, icon, object, fields, formats, busy, onSet }: FieldPanelProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState(fields[0]?.name);
  const [value, setValue] = useState<{ value: unknown; name?: string | null }>();
  const field = fields.find((f) => f.name === name) ?? fields[0];
  const Input = field && typeOf(field.shows).Input;
  if (!field || !Input) return null;
  const only = fields.length === 1;
  const done = (next: unknown) => {
    setOpen(false);
    setValue(undefined);
    onSet(field, next);
  };
  return (
    <Popover position="top-start" shadow="sm" width={280} opened={open} onChange={setOpen} trapFocus returnFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default" leftSection={icon} disabled={busy} onClick={() => setOpen(!open)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className={css.lines}
          onSubmit={(event) => {
            event.preventDefault();
            done(value?.value ?? null);
          }}
        >
          {!only && (
            <NativeSelect
              size="xs"
              aria-label={t("list.field")}
              value={field.name}
              data={fields.map((f) => ({ value: f.name, label: f.label }))}
              onChange={(event) => {
                setName(event.currentTarget.value);
                setValue(undefined);
              }}
            />
          )}
          <Input
            key={field.name}
            autoFocus={only}
            field={field}
            formats={formats}
            value={(value?.value ?? null) as never}
            name={value?.name}
            candidates={field.targets[0] ? findFor(model, object, field.name) : undefined}
            onChange={(next: unknown, called?: string | null) => {
              if (only && field.targets.length > 0 && next) done(next);
              else setValue({ value: next, name: called });
            }}
          />
          {!(only && field.targets.length > 0) && (
            <Button size="xs" type="submit">
              {t("list.bulk.set")}
            </Button>
          )}
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
