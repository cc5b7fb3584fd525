import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { Document } from "~/api/session";
import { type LayoutDoc, say } from "~/meta/documents";
import { labelOf } from "~/studio/DocumentList";
import type { Documents } from "~/studio/drafting";
import type { Device } from "./useSample";

/** Which of the object's pages: for a record type, for a device, or for all. */
export function Which({ documents, layout }: { documents: Documents; layout: LayoutDoc }) {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const [params] = useSearchParams();
  const object = documents.get(`object/${layout.object}`);
  const types = (object?.record_types ?? {}) as Record<string, { label?: never }>;
  const pages = [...documents.values()].filter((d) => d.kind === "layout" && d.object === layout.object);
  const label = (d: Document) => {
    const { record_type, device } = d as unknown as LayoutDoc;
    const told = [
      record_type && say(types[record_type]?.label, i18n.language, record_type),
      device && t(`studio.pages.${device as Device}`),
    ].filter(Boolean);
    return `${labelOf(d, i18n.language)}${told.length > 0 ? ` (${told.join(", ")})` : ""}`;
  };
  const kept = params.get("draft");
  return (
    <Select
      size="xs"
      w={150}
      aria-label={t("studio.pages.which")}
      title={t("studio.pages.which")}
      data={pages.map((d) => ({ value: String(d.name), label: label(d) }))}
      value={layout.name}
      allowDeselect={false}
      onChange={(name) => name && go(`/studio/pages/${layout.object}/${name}${kept ? `?draft=${kept}` : ""}`)}
    />
  );
}
