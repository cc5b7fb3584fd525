import { Button, SegmentedControl, Textarea } from "@mantine/core";
import { IconArrowLeft, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { type Key, type Patch, schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import { DocumentList, labelOf } from "~/studio/DocumentList";
import { keyOf, useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { useTyped } from "~/studio/form/kept";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { rootsOf, type Section, sections } from "~/studio/kinds";
import { NewDocument } from "~/studio/NewDocument";
import { difference, patchAt } from "~/studio/patching";
import { suggestionsOf } from "~/studio/suggestions";
import css from "./Documents.module.css";

interface Props {
  section: Section;
  kind?: string;
}

/** The documents of a part of the studio, each drawn from the schema of its kind. */
export default function Documents({ section, kind: only }: Props) {
  const { t } = useTranslation();
  const params = useParams();
  const documents = useDocuments();
  const kind = only ?? params.kind;
  const current = kind && params.name ? `${kind}/${params.name}` : undefined;
  const document = current ? documents?.get(current) : undefined;
  return (
    <div className={css.page} data-open={!!current}>
      <DocumentList kinds={sections[section]} current={current} action={<NewDocument kinds={sections[section]} />} />
      {document ? (
        <Shape key={current} document={document} back={`/studio/${section}`} />
      ) : (
        <p className={css.empty}>{documents && current ? t("app.lost") : t("studio.choose")}</p>
      )}
    </div>
  );
}

function Shape({ document, back }: { document: Document; back: string }) {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const [params] = useSearchParams();
  const key = { kind: String(document.kind), name: String(document.name) };
  const documents = useDocuments();
  const changing = useChanging();
  const problems = useProblems(key);
  const [way, setWay] = useState<"form" | "text">("form");
  const schema = useQuery({
    queryKey: ["schema", key.kind, i18n.language],
    queryFn: () => schemaOf(key.kind),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const suggests = useMemo(() => documents && suggestionsOf(documents, document), [documents, document]);
  const label = labelOf(document, i18n.language);
  const whole = problems.get("");
  return (
    <section className={css.shape} aria-label={label}>
      <div className={css.inner}>
        <header className={css.head}>
          <Button
            component={Link}
            to={`${back}?${params}`}
            size="compact-sm"
            variant="subtle"
            hiddenFrom="sm"
            aria-label={t("studio.back")}
          >
            <IconArrowLeft size={16} />
          </Button>
          <h1>{label}</h1>
          <code className="quiet small">{keyOf(key)}</code>
          <SegmentedControl
            size="xs"
            value={way}
            onChange={(next) => setWay(next as typeof way)}
            data={[
              { value: "form", label: t("studio.as_form") },
              { value: "text", label: t("studio.as_text") },
            ]}
          />
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            leftSection={<IconTrash size={14} />}
            onClick={() => {
              go(`${back}?${params}`);
              void changing.remove(key, t("studio.removed", { label }));
            }}
          >
            {t("studio.remove")}
          </Button>
        </header>
        {(whole || problems.size > 0) && (
          <ul className={css.problems} role="status">
            {[...problems].slice(0, 10).map(([place, detail]) => (
              <li key={place}>
                {place && <code className="small">{place} </code>}
                {detail}
              </li>
            ))}
          </ul>
        )}
        {way === "text" ? (
          <AsText
            document={document}
            say={(patch) => void changing.patch(key, patch, t("studio.changed_this", { label }))}
          />
        ) : (
          schema && (
            <SchemaForm
              root={schema}
              schema={schema}
              value={document}
              without={["kind", "name"]}
              first={["label", "label_plural", "description", "object"]}
              change={(path, value) =>
                void changing.patch(key, patchAt(path, value), t("studio.changed_this", { label }))
              }
              suggests={suggests}
              problems={problems}
              object={(document as { object?: string }).object}
              roots={rootsOf(key.kind)}
            />
          )
        )}
      </div>
    </section>
  );
}

/** The document as it is in files; what is changed of it is said as a patch. */
function AsText({ document, say }: { document: Document; say(patch: Patch): void }) {
  const { t } = useTranslation();
  const text = useTyped(JSON.stringify(document, null, 2), (typed) => {
    try {
      const next = JSON.parse(typed) as Key & Patch;
      const patch = difference(document, { ...next, kind: document.kind, name: document.name });
      if (patch) say(patch as Patch);
    } catch {
      // it is told of below, and stays as it is
    }
  });
  const wrong = useMemo(() => {
    try {
      JSON.parse(text.typed);
      return undefined;
    } catch {
      return t("studio.no_json");
    }
  }, [text.typed, t]);
  return (
    <Textarea
      size="xs"
      label={t("studio.as_text")}
      error={wrong}
      autosize
      spellCheck={false}
      styles={{ input: { fontFamily: "ui-monospace, Menlo, Consolas, monospace" } }}
      value={text.typed}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={() => !wrong && text.leave()}
    />
  );
}
