import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal, type Schemas } from "~/api/client";
import { draftMail, runWorkflow } from "~/api/workflows";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";
import { writingOf } from "../draft";
import { keepsMarkup, type Letter, languageOf } from "./mail";

/** An e-mail that is being written about a record: kept in the tab until it is sent or thrown away. */
export function useLetter(
  object: ObjectModel,
  id: string,
  button: Schemas["Button"],
  answers: string | undefined,
  begins: Letter,
) {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const what = `${object.name}/mail/${id}/${button.name}/${answers ?? ""}`;
  const kept = writingOf<Letter>(`${me.tenant}/${me.user.id}`, what);
  const [letter, draw] = useState<Letter>(() => kept.read() ?? begins);
  /** What was written before a template took its place. */
  const [before, setBefore] = useState<Letter>();
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const [why, setWhy] = useState<Problem>();
  const [failed, setFailed] = useState<string>();
  const templates = button.composes?.templates ?? [];

  const write = (next: Letter) => {
    draw(next);
    kept.keep(next.subject || next.text ? next : undefined);
    setWhy(undefined);
    setFailed(undefined);
  };
  const refused = (error: unknown) => {
    const problem = refusal(error);
    setWhy(problem?.errors?.length ? problem : undefined);
    setFailed(problem?.errors?.length ? undefined : (problem?.detail ?? t("error.offline")));
  };
  const draft = async (template: string | undefined, language?: string) => {
    if (!template) return write({ subject: letter.subject, text: letter.text });
    const languages = templates.find((one) => one.name === template)?.languages ?? [];
    const of = language ?? languageOf(languages, i18n.language);
    setBusy(true);
    try {
      const { subject, text, html } = await draftMail(object.name, id, button.name, template, of);
      const own = letter.text.trim() && !letter.template;
      setBefore(own ? letter : undefined);
      write({
        subject: answers ? letter.subject : subject,
        text,
        template,
        language: of,
        marked: html ? text : undefined,
      });
    } catch (error) {
      refused(error);
    } finally {
      setBusy(false);
    }
  };
  /** Sends it; whether it was taken. */
  const send = async (): Promise<boolean> => {
    if (sending.current) return false; // a key that is held
    sending.current = true;
    setBusy(true);
    setWhy(undefined);
    setFailed(undefined);
    const { subject, text, template, language } = letter;
    try {
      const { state, problem } = await runWorkflow(object.name, id, button.name, {
        subject,
        text,
        ...(keepsMarkup(letter) ? { template, language } : {}),
        ...(answers ? { answers } : {}),
      });
      await cache.invalidateQueries({ queryKey: [me.tenant] });
      if (state === "failed") {
        setFailed(problem?.detail ?? t("workflow.failed", { label: button.label }));
        return false;
      }
      kept.keep(undefined);
      notify({ text: t(button.composes?.mailbox.sends ? "mail.under_way" : "mail.kept") });
      return true;
    } catch (error) {
      refused(error);
      return false;
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  return {
    letter,
    write,
    busy,
    failed,
    problemOf: (input: string) => why?.errors?.find((one) => one.pointer === `/inputs/${input}`)?.detail,
    draft,
    undo:
      before &&
      (() => {
        write(before);
        setBefore(undefined);
      }),
    send,
    discard: () => kept.keep(undefined),
  };
}
