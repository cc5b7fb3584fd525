import { Button, Checkbox, Progress } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { holds, parsed } from "~/expr";
import type { Field } from "~/meta/model";
import { readable } from "~/ui/accent";
import frame from "~/ui/Frame.module.css";
import { AskedInputs, type Values } from "./AskedInputs";
import css from "./AskedInputs.module.css";
import { type Holds, isFilled, pagesOf, type Step } from "./asking";
import own from "./FormPages.module.css";
import type { Formats } from "./formats";

interface Props {
  text: string | undefined;
  steps: Step[];
  fields: Field[];
  values: Values;
  formats: Formats;
  accent: string | undefined;
  /** What people agree to. */
  consent: string | undefined;
  agreed: boolean;
  noConsent: string | undefined;
  problemOf(name: string): string | undefined;
  onChange(name: string, value: unknown): void;
  onAgree(agreed: boolean): void;
  /** Sends it; the names of what is shown. */
  send(): void;
  busy: boolean;
  /** What nobody sees. */
  children?: ReactNode;
}

/** Whether a condition holds, as far as that is known here. */
const holdsHere: Holds = (condition, values) => {
  const tree = parsed(condition);
  return tree && holds(tree, values);
};

/** What a form asks, page by page; going back keeps what was filled in. */
export function FormPages(props: Props) {
  const { steps, fields, values, problemOf, busy } = props;
  const { t } = useTranslation();
  const pages = pagesOf(steps, fields, values, holdsHere);
  const [at, setAt] = useState(0);
  const [missed, setMissed] = useState(false);
  const top = useRef<HTMLFormElement>(null);
  const index = Math.min(at, Math.max(0, pages.length - 1));
  const page = pages[index];
  const last = index >= pages.length - 1;
  const lacks = (field: Field) => field.required && !isFilled(values[field.name]);
  const go = (to: number) => {
    setAt(to);
    setMissed(false);
    requestAnimationFrame(() => top.current?.querySelector<HTMLElement>("h2")?.focus());
  };
  // What the server says of a page that is not shown leads to it.
  const wrong = pages.findIndex((one) => one.fields.some((field) => problemOf(field.name)));
  const told = wrong < 0 ? "" : (pages[wrong]?.fields ?? []).map((field) => problemOf(field.name) ?? "").join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for what is told
  useEffect(() => {
    if (told && wrong < index) setAt(wrong);
  }, [told]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (last) props.send();
    else if (page?.fields.some(lacks)) setMissed(true);
    else go(index + 1);
  };
  const color = readable(props.accent);
  return (
    <form ref={top} className={css.form} onSubmit={submit} noValidate>
      {props.text && index === 0 && <p className={frame.text}>{props.text}</p>}
      {pages.length > 1 && (
        <header className={own.step}>
          <p className="quiet small">{t("form.step_of", { step: index + 1, steps: pages.length })}</p>
          <Progress size={4} color={color} value={(100 * (index + 1)) / pages.length} aria-label={t("form.progress")} />
          <h2 tabIndex={-1}>{page?.label}</h2>
        </header>
      )}
      <AskedInputs
        fields={page?.fields ?? []}
        values={values}
        formats={props.formats}
        problemOf={(name) => {
          const field = page?.fields.find((one) => one.name === name);
          return problemOf(name) ?? (missed && field && lacks(field) ? t("form.required") : undefined);
        }}
        onChange={props.onChange}
      />
      {props.children}
      {props.consent && last && (
        <Checkbox
          label={props.consent}
          color={color}
          checked={props.agreed}
          error={props.noConsent}
          required
          onChange={(event) => props.onAgree(event.target.checked)}
        />
      )}
      <div className={own.buttons}>
        {index > 0 && (
          <Button variant="default" className={css.send} disabled={busy} onClick={() => go(index - 1)}>
            {t("form.back")}
          </Button>
        )}
        <Button type="submit" className={css.send} color={color} loading={busy}>
          {last ? t("form.send") : t("form.next")}
        </Button>
      </div>
    </form>
  );
}
