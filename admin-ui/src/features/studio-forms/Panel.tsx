import { Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Patch } from "~/api/drafts";
import { say } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { patchAt } from "~/studio/patching";
import type { Schema } from "~/studio/shape";
import css from "./Forms.module.css";
import { type FormDoc, removesStep, says } from "./shaped";

/** What is chosen: the form, or an entry of what it asks or of its steps. */
export type Chosen = { of: "form" } | { of: "fields" | "steps"; index: number };

interface Props {
  form: FormDoc;
  object: ObjectModel | undefined;
  schema: Schema;
  chosen: Chosen;
  choose(one: Chosen): void;
  change(patch: Patch): void;
  problems: Map<string, string>;
}

/** All that is said of what is chosen, drawn from the schema. */
export function Panel({ form, object, schema, chosen, choose, change, problems }: Props) {
  const { t, i18n } = useTranslation();
  const each = (list: string) =>
    ((schema.properties as Record<string, { items?: Schema }> | undefined)?.[list]?.items ?? {}) as Schema;
  const common = { root: schema, problems, object: form.object };
  const whole = problems.get("");
  const entry = chosen.of === "form" ? undefined : form[chosen.of]?.[chosen.index];
  if (chosen.of === "form" || !entry)
    return (
      <aside className={css.panel} aria-label={t("studio.forms.whole")}>
        {whole && <p className="bad">{whole}</p>}
        <SchemaForm
          {...common}
          schema={schema}
          value={form}
          first={["label", "text", "thanks", "redirect", "open", "consent", "theme", "embed"]}
          without={["kind", "name", "object", "fields", "steps", "order", "icon", "description"]}
          change={(path, value) => change(patchAt(path, value))}
        />
      </aside>
    );
  const asked = form.fields?.[chosen.index];
  const label =
    chosen.of === "steps"
      ? say(entry.label, i18n.language, form.steps?.[chosen.index]?.name ?? "")
      : say(entry.label, i18n.language, object?.fields.get(asked?.field ?? "")?.label ?? asked?.field ?? "");
  const at = [chosen.of, String(chosen.index)];
  return (
    <aside className={css.panel} aria-label={t("studio.settings_of", { label })}>
      <h2>{label}</h2>
      <SchemaForm
        {...common}
        key={`${chosen.of} ${chosen.index}`}
        schema={each(chosen.of)}
        value={entry}
        path={at}
        first={["label", "help", "required", "visible_when"]}
        without={["field", "field_set", "step", "name"]}
        change={(path, value) => change(says(form, chosen.of, chosen.index, path.slice(2), value))}
      />
      {chosen.of === "steps" && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          leftSection={<IconTrash size={14} />}
          onClick={() => {
            choose({ of: "form" });
            change(removesStep(form, chosen.index));
          }}
        >
          {t("studio.remove")}
        </Button>
      )}
    </aside>
  );
}
