import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import type { Document } from "~/api/session";
import type { LayoutDoc } from "~/meta/documents";
import { type Documents, useDocuments } from "~/studio/drafting";
import { ItemsDesigner } from "./ItemsDesigner";
import css from "./Pages.module.css";
import { RecordDesigner } from "./RecordDesigner";
import { ViewDesigner } from "./ViewDesigner";

/** Pages, shaped where they are seen. The address names an object with its page or its list; or an app or a dashboard. */
export default function Pages() {
  const { t } = useTranslation();
  const { object, layout, view, kind, name } = useParams();
  const documents = useDocuments();
  if (!documents) return null;
  const document = kind
    ? documents.get(`${kind}/${name}`)
    : view
      ? documents.get(`view/${view}`)
      : pageOf(documents, object, layout);
  if (!document) return <p className={css.empty}>{t(layout || view || kind ? "app.lost" : "studio.pages.none")}</p>;
  const Designer = kind ? ItemsDesigner : view ? ViewDesigner : RecordDesigner;
  return <Designer key={String(document.name)} documents={documents} document={document} />;
}

/** The page of a name; without one that which records of the object have first. */
function pageOf(documents: Documents, object: string | undefined, name: string | undefined): Document | undefined {
  const pages = [...documents.values()].filter((d) => d.kind === "layout" && d.object === object);
  const plain = (d: unknown) => !(d as LayoutDoc).device && !(d as LayoutDoc).record_type;
  return name ? pages.find((d) => d.name === name) : (pages.find(plain) ?? pages[0]);
}
