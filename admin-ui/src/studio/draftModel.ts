// The configuration as the draft has it, as pages use it: with all fields, since whoever shapes it is shown it all.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Document, Me } from "~/api/session";
import type { ObjectDoc } from "~/meta/documents";
import { type Model, modelOf } from "~/meta/model";
import { useDocuments } from "./drafting";

/** Every right on every object; what the server is asked, it decides by the asker's own. */
function everyRight(documents: Document[]): Me["rights"] {
  const objects: Me["rights"]["objects"] = {};
  for (const one of documents) {
    if (one.kind !== "object") continue;
    const { name, fields } = one as unknown as ObjectDoc;
    const every = [...Object.keys(fields ?? {}), "record_type", ...system];
    objects[name] = {
      create: true,
      read: true,
      update: true,
      delete: true,
      fields: Object.fromEntries(every.map((field) => [field, "edit"])),
    };
  }
  return { objects, system: [] };
}
const system = ["owner", "created_at", "created_by", "updated_at", "updated_by"];

/** The model of the draft; undefined until its documents are here. */
export function useDraftModel(): Model | undefined {
  const { i18n } = useTranslation();
  const documents = useDocuments();
  return useMemo(() => {
    if (!documents) return undefined;
    const all = [...documents.values()];
    return modelOf(all, 0, everyRight(all), i18n.language);
  }, [documents, i18n.language]);
}
