import { Button } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal } from "~/api/client";
import { answerBy, questionBy } from "~/api/questions";
import { said, useLinked } from "~/api/useLinked";
import { formatsOf } from "~/fields";
import { AskedInputs, problemAt, useAsked, type Values, without } from "~/fields/AskedInputs";
import css from "~/fields/AskedInputs.module.css";
import { Frame } from "~/ui/Frame";
import frame from "~/ui/Frame.module.css";

const at = (name: string) => `/inputs/${name}`;

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
  const inputs = useAsked(asked?.inputs, language);
  const values: Values = { ...Object.fromEntries(inputs.map(({ field, begins }) => [field.name, begins])), ...given };
  const problemOf = (name: string) => problemAt(why, at(name));
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
          <AskedInputs
            fields={inputs.map((one) => one.field)}
            values={values}
            formats={formats}
            problemOf={problemOf}
            onChange={(name, value) => {
              setGiven((before) => ({ ...before, [name]: value }));
              setWhy((before) => without(before, at(name)));
              setProblem(undefined);
            }}
          />
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
