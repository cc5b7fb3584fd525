import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { patchAt } from "~/studio/patching";
import { type Schema, shapeOf } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import css from "./Objects.module.css";

/** Some members of an object's document. */
export function Rest({ object, schema, only }: { object: Document; schema: Schema; only: readonly string[] }) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { patch } = useChanging();
  const key = { kind: "object", name: String(object.name) };
  const problems = useProblems(key);
  const label = labelOf(object, i18n.language);
  const suggests = useMemo(() => documents && suggestionsOf(documents, object), [documents, object]);
  const without = useMemo(() => {
    const shape = shapeOf(schema, schema, object);
    return shape.is === "group" ? [...shape.members.keys()].filter((name) => !only.includes(name)) : [];
  }, [schema, object, only]);
  return (
    <div className={css.form}>
      <SchemaForm
        root={schema}
        schema={schema}
        value={object}
        without={without}
        first={[...only]}
        change={(path, value) => void patch(key, patchAt(path, value), t("studio.changed_this", { label }))}
        suggests={suggests}
        problems={problems}
        object={key.name}
      />
    </div>
  );
}
