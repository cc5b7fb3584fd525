import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal } from "~/api/client";
import { formAt, openForm, type PublicForm, sendForm } from "~/api/forms";
import { said } from "~/api/useLinked";
import { formatsOf, typeOf } from "~/fields";
import { problemAt, useAsked, type Values, without } from "~/fields/AskedInputs";
import { FormPages } from "~/fields/FormPages";
import { i18n, nearest } from "~/i18n";
import { Frame } from "~/ui/Frame";
import frame from "~/ui/Frame.module.css";
import own from "./Form.module.css";
import { useEmbedded, useScheme } from "./look";

const place = formAt(location.pathname);
const asks = new URLSearchParams(location.search);

/**
 * In which language the address wants the page: ?_language=zh, or ?language=zh where the form asks no field of that
 * name, for other members of the address fill in fields.
 */
const sure = asks.get("_language");
const wanted = sure ?? asks.get("language");
const other = i18n.language;

const at = (name: string) => `/values/${name}`;
const consentAt = "/consent";

/** A form that has been opened, when that was, and the answer to its proof, on which it works meanwhile. */
interface Opened {
  form: PublicForm;
  since: number;
  answer: Promise<string>;
}

/** Opens a form, and again when what was sent was no longer good. */
function useForm() {
  const [opened, setOpened] = useState<Opened>();
  const [problem, setProblem] = useState<string>();
  const [leaving] = useState(() => new AbortController());
  const open = async (language: string) => {
    if (!place) return undefined;
    const form = await openForm(place, language);
    const answer = import("./work").then(({ work }) => work(form.proof.token, form.proof.bits, leaving.signal));
    answer.catch(() => undefined); // whoever sends it is told
    const now = { form, since: performance.now(), answer };
    setOpened(now);
    return now;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is opened once
  useEffect(() => {
    const language = wanted ? nearest(wanted) : i18n.language;
    void i18n.changeLanguage(language);
    open(language)
      .then(async (now) => {
        if (sure || !wanted || language === other || !now?.form.inputs.some((one) => one.name === "language")) return;
        await i18n.changeLanguage(other);
        await open(other);
      })
      .catch((error) => setProblem(said(error)));
  }, []);
  return { opened, open, problem, setProblem };
}

/** What makes the page be opened anew before it is sent again. */
const anew = ["form.stale", "form.refused"];

/** A form for people without an account. What they fill in is sent once. */
export function Form() {
  const { t, i18n: speaks } = useTranslation();
  const language = speaks.language;
  const { opened, open, problem, setProblem } = useForm();
  const form = opened?.form;
  const [given, setGiven] = useState<Values>({});
  const [consent, setConsent] = useState(false);
  const [website, setWebsite] = useState("");
  const [why, setWhy] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [thanks, setThanks] = useState<string>();
  const zone = useMemo(() => Intl.DateTimeFormat().resolvedOptions().timeZone, []);
  const formats = useMemo(() => formatsOf(language, zone, (key) => t(key as never)), [language, zone, t]);
  const inputs = useAsked(form?.inputs, language);
  const begins = useMemo(
    () =>
      Object.fromEntries(
        inputs.map(({ field, begins }) => {
          const text = asks.get(field.name);
          const read = text === null ? undefined : typeOf(field.shows).parse?.(text, { field, formats });
          return [field.name, read ?? begins];
        }),
      ),
    [inputs, formats],
  );
  const values: Values = { ...begins, ...given };
  const problemOf = (name: string) => problemAt(why, at(name));
  const noConsent = problemAt(why, consentAt);
  const fields = useMemo(() => inputs.map((one) => one.field), [inputs]);
  useScheme(form?.theme?.scheme);
  useEmbedded(form?.embed);
  const atPlaces = !!noConsent || inputs.some(({ field }) => problemOf(field.name));

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  /** Sends it, once more if the page had been open for too long. */
  const send = async (now: Opened, again: boolean): Promise<void> => {
    if (!place) return;
    const answer = await now.answer;
    const early = now.form.proof.after * 1000 - (performance.now() - now.since);
    if (early > 0) await new Promise((wait) => setTimeout(wait, early));
    try {
      const taken = await sendForm(place, language, now.form.proof.token, {
        answer,
        values,
        consent,
        consent_version: now.form.consent_version,
        website,
      });
      if (taken.redirect?.startsWith("https://")) location.assign(taken.redirect);
      setThanks(taken.thanks || t("form.thanks"));
    } catch (error) {
      const code = refusal(error)?.code;
      const next = code && anew.includes(code) && again ? await open(language) : undefined;
      if (!next) throw error;
      await send(next, false);
    }
  };
  const submit = async () => {
    if (!opened) return;
    setBusy(true);
    setProblem(undefined);
    setWhy(undefined);
    try {
      await send(opened, true);
    } catch (error) {
      const why = refusal(error);
      if (why?.errors?.some((one) => one.code === "form.consent_changed")) {
        setConsent(false);
        await open(language);
      }
      setWhy(why);
      setProblem(said(error));
    } finally {
      setBusy(false);
    }
  };
  const changed = (pointer: string) => {
    setWhy((before) => without(before, pointer));
    setProblem(undefined);
  };
  return (
    <Frame
      title={form ? form.title : t("form.title")}
      busy={!!place && !form && !problem}
      problem={place ? (atPlaces ? t("form.incomplete") : problem) : t("form.none")}
    >
      {form && thanks === undefined && (
        <FormPages
          text={form.text}
          steps={form.steps}
          fields={fields}
          values={values}
          formats={formats}
          accent={form.theme?.accent}
          consent={form.consent}
          agreed={consent}
          noConsent={noConsent}
          problemOf={problemOf}
          busy={busy}
          onChange={(name, value) => {
            setGiven((before) => ({ ...before, [name]: value }));
            changed(at(name));
          }}
          onAgree={(agreed) => {
            setConsent(agreed);
            changed(consentAt);
          }}
          send={() => void submit()}
        >
          <label className={own.trap} aria-hidden>
            Website
            <input tabIndex={-1} autoComplete="off" value={website} onChange={(e) => setWebsite(e.target.value)} />
          </label>
        </FormPages>
      )}
      {thanks !== undefined && (
        <p role="status" className={frame.text}>
          {thanks}
        </p>
      )}
    </Frame>
  );
}
