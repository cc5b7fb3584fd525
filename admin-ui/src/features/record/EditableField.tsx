import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "~/api/client";
import { type Formats, typeOf } from "~/fields";
import type { Column } from "~/meta/model";
import css from "./RecordPage.module.css";

interface Props {
  column: Column;
  value: unknown;
  name?: string | null;
  formats: Formats;
  editable: boolean;
  required: boolean;
  offered?: string[];
  candidates?(words: string, signal: AbortSignal): Promise<{ id: string; name: string }[]>;
  /** Resolves when it is stored; rejects with what the server says. */
  save(value: unknown, name?: string | null): Promise<Problem | undefined>;
}

/** A value is edited where it is shown. What is refused stays as it was typed, with the reason. */
export function EditableField({ column, value, name, formats, editable, required, offered, candidates, save }: Props) {
  const { t } = useTranslation();
  const { field } = column;
  const type = typeOf(field.shows);
  const [draft, setDraft] = useState<{ value: unknown; name?: string | null }>();
  const [problem, setProblem] = useState<string>();
  const Input = editable ? type.Input : undefined;
  const empty = value === null || value === undefined;

  const close = () => {
    setDraft(undefined);
    setProblem(undefined);
  };
  const store = async (now = draft) => {
    if (!now || JSON.stringify(now.value) === JSON.stringify(value ?? null)) return close();
    setDraft(undefined);
    const why = await save(now.value, now.name);
    if (!why) return close();
    setDraft(now);
    setProblem(why.errors?.[0]?.detail ?? why.detail);
  };
  const shown = empty ? (
    <span className={css.empty}>{t("record.empty")}</span>
  ) : (
    type.cell(value, { field, formats, name })
  );
  return (
    <div className={css.field}>
      <div className={css.label} title={field.help}>
        {field.label}
        {required && <span className="bad"> *</span>}
      </div>
      {draft && Input ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only hears what its input is told
        <div
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            close();
          }}
          onBlur={(event) => {
            // What was refused is sent again only once it is changed.
            if (!problem && !event.currentTarget.contains(event.relatedTarget)) void store();
          }}
        >
          <Input
            autoFocus
            field={field}
            formats={formats}
            value={(draft.value ?? null) as never}
            name={draft.name}
            offered={offered}
            problem={problem}
            required={required}
            candidates={candidates}
            onChange={(next: unknown, called?: string | null) => {
              const now = { value: next, name: called };
              setDraft(now);
              setProblem(undefined);
              // A choice is the whole edit; what is typed is one once it is left.
              if (field.targets.length > 0 || field.shows === "picklist" || field.shows === "checkbox") void store(now);
            }}
            onDone={() => {
              if (field.targets.length === 0 && field.shows !== "picklist" && field.shows !== "checkbox") void store();
            }}
          />
        </div>
      ) : Input ? (
        <button
          type="button"
          className={css.value}
          aria-label={field.label}
          onClick={() => setDraft({ value: value ?? null, name })}
        >
          {shown}
        </button>
      ) : (
        <div className={css.value} data-fixed="true">
          {shown}
        </div>
      )}
    </div>
  );
}
