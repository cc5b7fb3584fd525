import { Button } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal } from "~/api/client";
import { answerBy, questionBy } from "~/api/questions";
import { said, useLinked } from "~/api/useLinked";
import { formatsOf, typeOf } from "~/fields";
import { enteredField } from "~/meta/model";
import { Frame } from "~/ui/Frame";
import frame from "~/ui/Frame.module.css";
import css from "./Ask.module.css";
import { Rating } from "./Rating";
import { steps } from "./rating";

type Values = Record<string, unknown>;

const at = (name: string) => `/inputs/${name}`;

/** A refusal but for what it says of an input, which is being changed. */
const without = (why: Problem | undefined, name: string): Problem | undefined =>
  why && { ...why, errors: why.errors?.filter((one) => one.pointer !== at(name)) };

/** What somebody outside is asked who followed a link in their mail. To open it answers nothing. */
export function Ask() {
  const { t } = useTranslation();
  const { link, asked, language, problem, setProblem } = useLinked(questionBy);
  const [given, setGiven] = useState<Values>({});
  const [why, setWhy] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const zone = useMemo(() => Intl.DateTimeFormat().resolvedOptions().timeZone, []);
  const formats = useMemo(() => formatsOf(language, zone, (key) => t(key as never)), [language, zone, t]);
  const inputs = useMemo(
    () =>
      (asked?.inputs ?? []).map((one) => ({
        field: enteredField(
          { picklists: new Map(), language },
          one.name,
          one.field as Parameters<typeof enteredField>[2],
        ),
        begins: one.value,
      })),
    [asked, language],
  );
  const values: Values = { ...Object.fromEntries(inputs.map(({ field, begins }) => [field.name, begins])), ...given };
  const problemOf = (name: string) => why?.errors?.find((one) => one.pointer === at(name))?.detail;
  const atPlaces = inputs.some(({ field }) => problemOf(field.name));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!link) return;
    setBusy(true);
    setProblem(undefined);
    setWhy(undefined);
    try {
      await answerBy(link, language, values);
      setDone(true);
    } catch (error) {
      setWhy(refusal(error));
      setProblem(said(error));
    } finally {
      setBusy(false);
    }
  };
  const time = (at: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
  return (
    <Frame
      title={asked ? asked.title : t("ask.title")}
      busy={!!link && !asked && !problem}
      problem={link ? (atPlaces ? t("ask.incomplete") : problem) : t("linked.none")}
    >
      {asked && !done && (
        <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
          {asked.text && <p className={frame.text}>{asked.text}</p>}
          {inputs.map(({ field }) => {
            const change = (value: unknown) => {
              setGiven((before) => ({ ...before, [field.name]: value }));
              setWhy((before) => without(before, field.name));
              setProblem(undefined);
            };
            const row = steps(field, language);
            const Input = typeOf(field.shows).Input;
            return (
              <div key={field.name}>
                {row ? (
                  <Rating
                    name={field.name}
                    label={field.label}
                    required={field.required}
                    problem={problemOf(field.name)}
                    steps={row}
                    value={values[field.name] ?? null}
                    onChange={change}
                  />
                ) : (
                  Input && (
                    <Input
                      field={field}
                      formats={formats}
                      label={field.label}
                      value={(values[field.name] ?? null) as never}
                      required={field.required}
                      problem={problemOf(field.name)}
                      onChange={change}
                    />
                  )
                )}
                {field.help && <p className="quiet small">{field.help}</p>}
              </div>
            );
          })}
          <Button type="submit" className={css.send} loading={busy}>
            {t("ask.send")}
          </Button>
          <p className={frame.aside}>{t("ask.till", { time: time(asked.open_till) })}</p>
        </form>
      )}
      {asked && done && (
        <p role="status" className={frame.text}>
          {asked.thanks || t("ask.thanks")}
        </p>
      )}
    </Frame>
  );
}
