import { Select } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { schemaOf } from "~/api/drafts";
import { previewList } from "~/api/preview";
import type { Document } from "~/api/session";
import type { ViewDoc } from "~/meta/documents";
import { asked, columnOf, type Model, type ObjectModel } from "~/meta/model";
import { labelOf } from "~/studio/DocumentList";
import { type Documents, useDocuments, useProblems } from "~/studio/drafting";
import { useDraftModel } from "~/studio/draftModel";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { formOf } from "~/studio/kinds";
import type { Schema } from "~/studio/shape";
import { suggestionsOf } from "~/studio/suggestions";
import { AddColumn } from "./AddColumn";
import { ColumnSettings } from "./ColumnSettings";
import { DesigningProvider, useDesign, useDesigning } from "./designing";
import { nameOfThing, type Path } from "./edits";
import css from "./Pages.module.css";
import { Problems } from "./Problems";
import { Panel } from "./Settings";
import { useLook } from "./useSample";
import { ViewTable } from "./ViewTable";
import { Wider } from "./Wider";

const rows = 30; // say what a list is like

/** A list, shaped at its columns: what they are, how it is sorted and grouped, and which records are in it. */
export function ViewDesigner({ documents, document }: { documents: Documents; document: Document }) {
  const { t, i18n } = useTranslation();
  const narrow = useMediaQuery("(max-width: 720px)");
  const view = document as unknown as ViewDoc;
  const model = useDraftModel();
  const object = model?.objects.get(view.object);
  const [params] = useSearchParams();
  const called = useCallback(
    (path: Path) => (model && object && columnOf(model, object, nameOfThing(path))?.label) || nameOfThing(path),
    [model, object],
  );
  const design = useDesign(document, called);
  const problems = useProblems({ kind: "view", name: view.name });
  const columns = model && object ? view.columns.flatMap((path) => columnOf(model, object, path) ?? []) : [];
  const { look, key } = useLook([]);
  const query = { fields: asked(columns), filter: view.filter, sort: view.sort, limit: rows };
  const found = useQuery({
    queryKey: [...key, "view", view.object, query],
    queryFn: ({ signal }) => previewList(look, view.object, query as never, signal),
    enabled: columns.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const schema = useQuery({
    queryKey: ["schema", "view", i18n.language],
    queryFn: () => schemaOf("view"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  if (narrow) return <Wider label={labelOf(document, i18n.language)} />;
  if (!model || !object) return <p className={css.empty}>{t("app.lost")}</p>;
  return (
    <DesigningProvider value={design}>
      <div className={css.designer} data-open>
        <header className={css.bar}>
          <h1>{object.plural}</h1>
          <Which documents={documents} view={view} />
          <Link className="small" to={`${formOf({ kind: "view", name: view.name })}?${params}`}>
            {t("studio.pages.all_settings")}
          </Link>
          <Link className="small" to={`/o/${view.object}?view=${view.name}`}>
            {t("studio.pages.to_list")}
          </Link>
        </header>
        <Problems all={problems} />
        <div className={css.stage}>
          {found.error && !found.data && (
            <p className={css.problem} role="status">
              {refusal(found.error)?.detail ?? t("error.offline")}
            </p>
          )}
          <ViewTable view={view} columns={columns} rows={found.data?.items ?? []} />
        </div>
        <Beside model={model} object={object} schema={schema} problems={problems} />
      </div>
    </DesigningProvider>
  );
}

interface BesideProps {
  model: Model;
  object: ObjectModel;
  schema: Schema | undefined;
  problems: Map<string, string>;
}

/** What is being added, the column that is chosen, or else all that the list says besides its columns. */
function Beside({ model, object, schema, problems }: BesideProps) {
  const { t, i18n } = useTranslation();
  const { adding, chosen, document, change } = useDesigning();
  const documents = useDocuments();
  if (adding) return <AddColumn gap={adding} model={model} object={object} />;
  if (chosen) return <ColumnSettings path={chosen} />;
  return (
    <Panel label={labelOf(document, i18n.language)}>
      <p className="quiet small">{t("studio.pages.view_says")}</p>
      {schema && (
        <SchemaForm
          root={schema}
          schema={schema}
          value={document}
          first={["label", "filter", "sort", "show", "group"]}
          without={["kind", "name", "object", "columns", "description"]}
          change={change}
          suggests={documents && suggestionsOf(documents, document)}
          problems={problems}
          object={object.name}
        />
      )}
    </Panel>
  );
}

/** Which of the object's lists. */
function Which({ documents, view }: { documents: Documents; view: ViewDoc }) {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const [params] = useSearchParams();
  const views = [...documents.values()].filter((d) => d.kind === "view" && d.object === view.object);
  const kept = params.get("draft");
  return (
    <Select
      size="xs"
      aria-label={t("studio.pages.which_view")}
      title={t("studio.pages.which_view")}
      data={views.map((d) => ({ value: String(d.name), label: labelOf(d, i18n.language) }))}
      value={view.name}
      allowDeselect={false}
      onChange={(name) => name && go(`/studio/pages/${view.object}/views/${name}${kept ? `?draft=${kept}` : ""}`)}
    />
  );
}
