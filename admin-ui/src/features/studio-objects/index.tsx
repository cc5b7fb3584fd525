import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import type { ObjectDoc } from "~/meta/documents";
import { DocumentList, labelOf } from "~/studio/DocumentList";
import { useDocuments } from "~/studio/drafting";
import { typesOf } from "~/studio/fields";
import { sections } from "~/studio/kinds";
import { WaitingRows } from "~/studio/WaitingRows";
import { Fields } from "./Fields";
import { FromFile } from "./FromFile";
import { NewObject } from "./NewObject";
import css from "./Objects.module.css";
import { Rename } from "./Rename";
import { Rest } from "./Rest";
import { Dropping } from "./Spreadsheet";
import { Stages } from "./Stages";

/** The tabs of an object, and which members of its document each has. */
const tabs = {
  fields: [],
  rules: ["rules", "unique", "duplicates"],
  stages: [],
  settings: [
    "label",
    "label_plural",
    "description",
    "icon",
    "name_field",
    "visibility",
    "parent",
    "search",
    "field_sets",
    "indexes",
    "untracked",
    "configuration",
  ],
} as const;
type Tab = keyof typeof tabs;

/** Objects: their fields, one a line, and all else that their documents say. */
export default function Objects() {
  const { t } = useTranslation();
  const { name, tab } = useParams();
  const documents = useDocuments();
  const object = name ? documents?.get(`object/${name}`) : undefined;
  const [params] = useSearchParams();
  const upload = name ? undefined : params.get("upload");
  const schema = useObjectSchema();
  return (
    <div className={css.page} data-open={!!name || !!upload}>
      <DocumentList kinds={sections.objects} current={name && `object/${name}`} action={<NewObject />} />
      {object ? (
        <OneObject key={name} object={object} tab={tab && tab in tabs ? (tab as Tab) : "fields"} />
      ) : upload ? (
        schema && <FromFile upload={upload} types={typesOf(schema)} />
      ) : (
        <p className={css.empty}>{documents && name ? t("app.lost") : t("studio.choose_object")}</p>
      )}
      <Dropping />
    </div>
  );
}

/** The schema of objects in the reader's language. */
function useObjectSchema() {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ["schema", "object", i18n.language],
    queryFn: () => schemaOf("object"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

function OneObject({ object, tab }: { object: Document; tab: Tab }) {
  const { t, i18n } = useTranslation();
  const [params] = useSearchParams();
  const schema = useObjectSchema();
  const label = labelOf(object, i18n.language);
  const draft = params.get("draft");
  const to = (one: string) => `/studio/objects/${object.name}/${one}${draft ? `?draft=${draft}` : ""}`;
  return (
    <section className={css.object} aria-label={label}>
      <header className={css.head}>
        <h1>{label}</h1>
        <code className="quiet small">{String(object.name)}</code>
        <Rename object={object as unknown as ObjectDoc} />
        <nav className={css.tabs} aria-label={label}>
          {Object.keys(tabs).map((one) => (
            <Link key={one} to={to(one)} aria-current={one === tab ? "page" : undefined}>
              {t(`studio.tab.${one}`)}
            </Link>
          ))}
        </nav>
        <WaitingRows object={String(object.name)} />
      </header>

      {schema &&
        (tab === "fields" ? (
          <Fields object={object} schema={schema} />
        ) : tab === "stages" ? (
          <Stages object={object} schema={schema} />
        ) : (
          <Rest object={object} schema={schema} only={tabs[tab]} />
        ))}
    </section>
  );
}
