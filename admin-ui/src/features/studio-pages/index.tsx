import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import type { LayoutDoc } from "~/meta/documents";
import { useDocuments } from "~/studio/drafting";
import css from "./Pages.module.css";
import { RecordDesigner } from "./RecordDesigner";

/** Pages, shaped where they are seen. Without a name it is the page that records of an object have first. */
export default function Pages() {
  const { t } = useTranslation();
  const { object, layout } = useParams();
  const documents = useDocuments();
  if (!documents) return null;
  const pages = [...documents.values()].filter((d) => d.kind === "layout" && d.object === object);
  const plain = (d: unknown) => !(d as LayoutDoc).device && !(d as LayoutDoc).record_type;
  const document = layout ? pages.find((d) => d.name === layout) : (pages.find(plain) ?? pages[0]);
  if (!document) return <p className={css.empty}>{t(layout ? "app.lost" : "studio.pages.none")}</p>;
  return <RecordDesigner key={String(document.name)} documents={documents} document={document} />;
}
