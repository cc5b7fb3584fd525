import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments, usePlan } from "~/studio/drafting";
import { useTyped } from "~/studio/form/kept";
import { SchemaForm } from "~/studio/form/SchemaForm";
import { patchAt } from "~/studio/patching";
import { suggestionsOf } from "~/studio/suggestions";
import css from "./Access.module.css";

/** A policy in its own language: its lines are numbered, and what is wrong is told at its line. */
export function Rego({ document }: { document: Document }) {
  const { t, i18n } = useTranslation();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const { patch } = useChanging();
  const plan = usePlan().data;
  const key = { kind: "policy", name: String(document.name) };
  const label = labelOf(document, i18n.language);
  const says = t("studio.changed_this", { label });
  const schema = useQuery({
    queryKey: ["schema", "policy", i18n.language],
    queryFn: () => schemaOf("policy"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const suggests = useMemo(() => documents && suggestionsOf(documents, document), [documents, document]);
  const problems = plan?.problems.filter((one) => one.document === `policy/${document.name}`) ?? [];
  const text = useTyped(String((document as { rego?: string }).rego ?? ""), (rego) => void patch(key, { rego }, says));
  const input = useRef<HTMLTextAreaElement>(null);
  const lines = text.typed.split("\n");
  const bad = new Set(problems.map(lineOf));
  const go = (line: number) => {
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    input.current?.focus();
    input.current?.setSelectionRange(at, at + (lines[line - 1]?.length ?? 0));
  };
  const draft = params.get("draft");
  return (
    <>
      <header className={css.head}>
        <h1>{label}</h1>
        <code className="quiet small">{key.name}</code>
        <Link to={`?as=form${draft ? `&draft=${draft}` : ""}`}>{t("studio.access.else")}</Link>
      </header>
      {schema && (
        <SchemaForm
          root={schema}
          schema={schema}
          value={document}
          without={["kind", "name", "rego"]}
          first={["label", "object", "description"]}
          change={(path, value) => void patch(key, patchAt(path, value), says)}
          suggests={suggests}
        />
      )}
      <div className={css.code}>
        <ol aria-hidden>
          {lines.map((_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their number
            <li key={i} data-bad={bad.has(i + 1) || undefined}>
              {i + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={input}
          aria-label="Rego"
          aria-invalid={problems.length > 0 || undefined}
          spellCheck={false}
          wrap="off"
          rows={Math.max(lines.length, 8)}
          value={text.typed}
          onChange={(event) => text.type(event.currentTarget.value)}
          onBlur={text.leave}
        />
      </div>
      {problems.length > 0 && (
        <ul className={css.wrong} aria-label={t("studio.problems")}>
          {problems.map((one) => (
            <li key={`${one.pointer} ${one.code} ${lineOf(one)}`}>
              {lineOf(one) > 0 && (
                <button type="button" className="link" onClick={() => go(lineOf(one))}>
                  {t("studio.access.line", { line: lineOf(one) })}
                </button>
              )}{" "}
              {one.detail}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The line that a problem is at; 0: none. */
const lineOf = ({ line, params }: { line?: number; params?: { [key: string]: unknown } }): number =>
  line ?? (typeof params?.line === "number" ? params.line : 0);
