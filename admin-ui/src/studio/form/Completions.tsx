import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { functions } from "~/api/expressions";
import type { ObjectDoc, PicklistDoc } from "~/meta/documents";
import { completionsOf, type Known } from "../complete";
import { useDocuments } from "../drafting";
import css from "./Completions.module.css";

interface Props {
  object: string;
  input: HTMLTextAreaElement;
  text: string;
  write(text: string, caret: number): void;
  close(): void;
}

/** What may stand where somebody writes: chosen by the arrows and Tab or Enter, or by a click. */
export function Completions({ object, input, text, write, close }: Props) {
  const { t } = useTranslation();
  const known = useKnown();
  const id = useId();
  const [at, setAt] = useState(0);
  const before = text.slice(0, input.selectionStart ?? text.length);
  const { typed, all } = useMemo(
    () => (known ? completionsOf(before, object, known) : { typed: "", all: [] }),
    [before, object, known],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words, the first of them
  useEffect(() => setAt(0), [before]);
  const choose = (i: number) => {
    const one = all[i];
    if (!one) return;
    const start = before.length - typed.length;
    write(text.slice(0, start) + one.text + text.slice(before.length), start + one.text.length);
    if (one.is !== "field") close();
  };
  useEffect(() => {
    if (all.length === 0) return;
    // Before the input hears them: a key that chooses here means nothing else.
    const hear = (event: KeyboardEvent) => {
      if (event.isComposing) return;
      const done = new Map([
        ["ArrowDown", () => setAt((now) => (now + 1) % all.length)],
        ["ArrowUp", () => setAt((now) => (now + all.length - 1) % all.length)],
        ["Tab", () => choose(at)],
        ["Enter", () => choose(at)],
        ["Escape", close],
      ]).get(event.key);
      if (!done || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      done();
    };
    input.addEventListener("keydown", hear, { capture: true });
    return () => input.removeEventListener("keydown", hear, { capture: true });
  });
  useEffect(() => {
    input.setAttribute("aria-controls", id);
    if (all.length > 0) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    return () => {
      input.removeAttribute("aria-controls");
      input.removeAttribute("aria-activedescendant");
    };
  }, [input, id, at, all.length]);
  if (all.length === 0) return null;
  return (
    <div className={css.around}>
      <div className={css.list} id={id} role="listbox" tabIndex={-1} aria-label={t("studio.completions")}>
        {all.map((one, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard in the input
          <div
            key={`${one.is} ${one.text}`}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            ref={i === at ? (item) => item?.scrollIntoView({ block: "nearest" }) : undefined}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(i)}
          >
            <code>{one.text.replace(/["(]$/, "")}</code>
            <span className="small quiet">{[one.label, one.says].filter(Boolean).join(" · ")}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function useKnown(): Known | undefined {
  const { i18n } = useTranslation();
  const documents = useDocuments();
  const all = useQuery({
    queryKey: ["functions", i18n.language],
    queryFn: functions,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  return useMemo(() => {
    if (!documents) return undefined;
    const of = <T extends { name: string }>(kind: string) =>
      [...documents.values()].filter((d) => d.kind === kind) as unknown as T[];
    return {
      language: i18n.language,
      functions: all ?? [],
      objects: new Map(of<ObjectDoc>("object").map((d) => [d.name, d])),
      picklists: new Map(of<PicklistDoc>("picklist").map((d) => [d.name, d.options])),
    };
  }, [documents, all, i18n.language]);
}
