import { Button, Drawer } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Stored } from "~/api/client";
import type { Names } from "~/api/names";
import { type Choice, type Formats, type PartsState, typeOf } from "~/fields";
import type { Column } from "~/meta/model";
import { useSession } from "~/meta/session";
import { FieldFrame, Shown } from "~/page/Field";
import css from "~/page/Field.module.css";
import { writingOf } from "./draft";
import { same } from "./same";

interface Props {
  column: Column;
  /** The record as it is shown; an edit remembers it as what it began from. */
  record: Stored;
  value: unknown;
  name?: string | null;
  names?: Names;
  formats: Formats;
  /** Why it can't be edited; absent: it can. */
  fixed?: string;
  required: boolean;
  wide?: boolean;
  phone: boolean;
  offered?: string[];
  parts?: PartsState;
  candidates?(words: string, signal: AbortSignal): Promise<Choice[]>;
  /** Resolves when it is stored, or with what the server says. */
  save(
    values: Record<string, unknown>,
    from: Stored,
    names?: Record<string, string | null>,
  ): Promise<Problem | undefined>;
  /** Hears what is being entered in a field that stands, so that what follows from it can be asked for. */
  onDraft?(draft: { name: string; value: unknown } | undefined): void;
}

/** The status of what could not be sent. */
const unsent = 0;

interface Draft {
  value: unknown;
  name?: string | null;
  from: Stored;
}

/** A value is edited where it is shown. What is refused stays as it was typed, with the reason. */
export function EditableField(props: Props) {
  const { column, record, value, name, formats, fixed, required, phone, save, onDraft } = props;
  const { t } = useTranslation();
  const { field } = column;
  const type = typeOf(field.shows);
  const { me } = useSession();
  // What could not be sent is there again when somebody comes back.
  const kept = useMemo(
    () =>
      phone || type.stands || field.shows === "secret" || isFiles(field.shows)
        ? undefined
        : writingOf<Draft>(`${me.tenant}/${me.user.id}`, `${field.object}/field/${record.id}/${field.name}`),
    [me, record.id, field, type, phone],
  );
  const [draft, draw] = useState<Draft | undefined>(() => kept?.read());
  const latest = useRef(draft); // a choice is made and stored before it is drawn
  const setDraft = (next: Draft | undefined) => {
    latest.current = next;
    draw(next);
  };
  const [problem, setProblem] = useState(draft && t("record.draft_restored"));
  // Whoever leaves the input by a key goes on from the field.
  const place = useRef<HTMLDivElement>(null);
  const entering = draft !== undefined;
  const entered = useRef(false);
  useLayoutEffect(() => {
    if (entered.current && !entering && document.activeElement === document.body)
      place.current?.querySelector<HTMLElement>("[data-field]")?.focus({ preventScroll: true });
    entered.current = entering;
  }, [entering]);
  const Input = fixed === undefined ? type.Input : undefined;
  const empty = value === null || value === undefined;

  const close = () => {
    kept?.keep(undefined);
    setDraft(undefined);
    setProblem(undefined);
    onDraft?.(undefined);
  };
  const store = async (now = latest.current) => {
    if (!now || same(now.value, now.from[field.name])) return close();
    if (!type.stands) setDraft(undefined);
    const named = column.namePath ? { [column.namePath]: now.name ?? null } : undefined;
    const why = await save({ [field.name]: now.value }, now.from, named);
    if (!why) return close();
    // Of the record no more is kept than what tells whether others have changed it meanwhile.
    const { id, version, [field.name]: was } = now.from;
    if (why.status === unsent) kept?.keep({ ...now, from: { id, version, [field.name]: was } as Stored });
    setDraft(now);
    const own = why.errors?.find((one) => one.pointer === `/${field.name}`) ?? why.errors?.[0];
    setProblem(type.stands && why.errors ? undefined : (own?.detail ?? why.detail));
  };
  const edit = () => setDraft({ value: value ?? null, name, from: record });
  const shown = <Shown column={column} value={value} name={name} formats={formats} />;
  const input = (autoFocus: boolean) =>
    Input && (
      <Input
        autoFocus={autoFocus}
        field={field}
        formats={formats}
        value={((draft ? draft.value : value) ?? null) as never}
        name={draft ? draft.name : name}
        names={props.names}
        parts={draft && props.parts}
        offered={props.offered}
        problem={problem}
        required={required}
        candidates={props.candidates}
        onChange={(next: unknown, called?: string | null) => {
          const now = { value: next, name: called, from: draft?.from ?? record };
          setDraft(now);
          setProblem(undefined);
          if (type.stands) onDraft?.({ name: field.name, value: next });
          // A choice is the whole edit; what is typed is one once it is left. Files are there once they are uploaded.
          if (type.chosen || isFiles(field.shows)) void store(now);
        }}
        onDone={() => {
          if (!type.chosen && !type.stands) void store();
        }}
      />
    );
  const edited = (children: ReactNode) => (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears what its input is told
    <div
      onKeyDown={(event) => {
        if (event.key !== "Escape" || (!draft && type.stands)) return;
        event.stopPropagation();
        close();
      }}
      onBlur={(event) => {
        // What was refused is sent again only once it is changed.
        if (!phone && !problem && !event.currentTarget.contains(event.relatedTarget)) void store();
      }}
    >
      {children}
    </div>
  );
  const body = () => {
    if (type.stands && Input) return edited(input(false));
    if (draft && Input && !phone) return edited(input(true));
    if (!Input)
      return (
        <div className={css.value} data-fixed="true" title={fixed}>
          {shown}
        </div>
      );
    if (!type.follows || empty)
      return (
        <button type="button" className={css.value} aria-label={field.label} data-field={field.name} onClick={edit}>
          {shown}
        </button>
      );
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the button in it does the same
      <div
        className={css.value}
        onClick={(event) => {
          if (!(event.target as HTMLElement).closest("a")) edit();
        }}
      >
        {shown}
        <button type="button" className={css.pencil} aria-label={field.label} data-field={field.name}>
          <IconPencil size={14} aria-hidden />
        </button>
      </div>
    );
  };
  return (
    <FieldFrame column={column} wide={props.wide} wanted={required && (empty || draft !== undefined)} place={place}>
      {body()}
      {phone && draft && Input && !type.stands && (
        <Drawer
          opened
          onClose={close}
          position="bottom"
          size="auto"
          title={field.label}
          closeButtonProps={{ "aria-label": t("record.close") }}
        >
          {input(true)}
          <div className={css.foot}>
            <Button variant="default" size="md" onClick={close}>
              {t("record.cancel")}
            </Button>
            <Button size="md" onClick={() => void store()}>
              {t("record.save")}
            </Button>
          </div>
        </Drawer>
      )}
    </FieldFrame>
  );
}

const isFiles = (type: string) => type === "file" || type === "image";
