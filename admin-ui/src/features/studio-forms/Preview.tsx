import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatsOf } from "~/fields";
import type { Values } from "~/fields/AskedInputs";
import { FormPages } from "~/fields/FormPages";
import { say } from "~/meta/documents";
import type { Field, ObjectModel } from "~/meta/model";
import css from "./Forms.module.css";
import { type FormDoc, linesOf } from "./shaped";

interface Props {
  form: FormDoc;
  object: ObjectModel | undefined;
  size: string;
}

/** The page as people outside see it once the draft is published. What is filled in there is sent to nobody. */
export function Preview({ form, object, size }: Props) {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  const [values, setValues] = useState<Values>({});
  const [agreed, setAgreed] = useState(false);
  const [sent, setSent] = useState(false);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const formats = useMemo(() => formatsOf(language, zone, (key) => t(key as never)), [language, zone, t]);
  const { steps, fields } = useMemo(() => drawn(form, object, language), [form, object, language]);
  const label = say(form.label, language, form.name);
  return (
    <section className={css.preview} aria-label={t("studio.forms.preview")} data-size={size}>
      <div className={css.card}>
        <h2>{label}</h2>
        {sent ? (
          <p role="status">{t("studio.forms.sent")}</p>
        ) : (
          <FormPages
            text={say(form.text, language, "")}
            steps={steps}
            fields={fields}
            values={values}
            formats={formats}
            accent={form.theme?.accent}
            consent={say(form.consent?.text, language, "")}
            agreed={agreed}
            noConsent={undefined}
            problemOf={() => undefined}
            onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
            onAgree={setAgreed}
            send={() => setSent(true)}
            busy={false}
          />
        )}
      </div>
    </section>
  );
}

/** The steps and fields of a form as its document describes them. */
function drawn(form: FormDoc, object: ObjectModel | undefined, language: string) {
  const fields: Field[] = [];
  const steps = linesOf(form).map(({ step, asked }) => ({
    label: step && say(step.label, language, step.name),
    when: step?.visible_when,
    inputs: asked.flatMap(({ doc }) => {
      const names = doc.field ? [doc.field] : (object?.doc.field_sets?.[doc.field_set ?? ""]?.fields ?? []);
      return names.flatMap((name) => {
        const of = object?.fields.get(name);
        if (!of) return [];
        const help = say(doc.help, language, of.help ?? "") || undefined;
        fields.push({
          ...of,
          label: say(doc.label, language, of.label),
          help,
          required: of.doc.required === true || !!doc.required,
        });
        return [{ name, when: doc.visible_when }];
      });
    }),
  }));
  return { steps, fields };
}
