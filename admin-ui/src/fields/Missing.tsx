import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { findFor } from "./find";
import type { Formats } from "./formats";
import { typeOf } from "./index";
import css from "./Missing.module.css";

/** Why a change was refused, and which fields could be filled in so that it isn't. */
export interface Refused {
  says: string;
  fields: string[];
}

/** What a refusal of a change tells; `changed` are the fields that were to be changed. */
export function refusedBy(object: ObjectModel, why: Problem, changed: string[]): Refused {
  const problems = why.errors ?? [];
  return {
    says: problems.map((e) => e.detail).join(" ") || why.detail,
    fields: [
      ...new Set(
        problems
          .map((e) => e.pointer?.slice(1) ?? "")
          .filter((name) => object.fields.get(name)?.editable && !changed.includes(name)),
      ),
    ],
  };
}

interface Props {
  object: ObjectModel;
  /** Of the record that is changed. */
  id: string;
  formats: Formats;
  refused: Refused;
  values: Record<string, unknown>;
  onChange(values: Record<string, unknown>): void;
  onSave(): void;
  onCancel(): void;
}

/** Asks for what a change lacks, where it was refused. */
export function Missing({ object, id, formats, refused, values, onChange, onSave, onCancel }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [names, setNames] = useState<Record<string, string | null | undefined>>({}); // of what references lead to
  return (
    <form
      className={css.missing}
      onSubmit={(event) => {
        event.preventDefault();
        onSave();
      }}
    >
      <p className="bad" role="alert">
        {refused.says}
      </p>
      {refused.fields.map((name, i) => {
        const field = object.fields.get(name);
        const Input = field && typeOf(field.shows).Input;
        if (!field || !Input) return null;
        return (
          <Input
            key={name}
            autoFocus={i === 0}
            field={field}
            formats={formats}
            label={field.label}
            value={(values[name] ?? null) as never}
            name={names[name]}
            onChange={(value: unknown, called?: string | null) => {
              setNames((before) => ({ ...before, [name]: called }));
              onChange({ ...values, [name]: value });
            }}
            candidates={field.targets[0] ? findFor(model, object, name, { id, data: values }) : undefined}
          />
        );
      })}
      <footer>
        <Button size="xs" variant="default" onClick={onCancel}>
          {t("record.cancel")}
        </Button>
        {refused.fields.length > 0 && (
          <Button size="xs" type="submit">
            {t("record.save")}
          </Button>
        )}
      </footer>
    </form>
  );
}
