import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import css from "./Activity.module.css";
import { ComposerForm } from "./ComposerForm";
import { answering, keepsMarkup } from "./mail";
import { useLetter } from "./useLetter";

interface Props {
  object: ObjectModel;
  id: string;
  /** The workflow that sends it. */
  button: Schemas["Button"];
  /** The message that is answered. */
  answers?: { id: string; subject: string };
  onDone(): void;
}

/** Writes an e-mail about a record, freely or from a template. */
export function MailComposer({ object, id, button, answers, onDone }: Props) {
  const { t, i18n } = useTranslation();
  const begins = { subject: answers ? answering(answers.subject) : "", text: "" };
  const mail = useLetter(object, id, button, answers?.id, begins);
  const { letter, write } = mail;
  const composes = button.composes;
  if (!composes) return null;
  const chosen = composes.templates.find((one) => one.name === letter.template);
  const common = { size: "xs", comboboxProps: { width: "target" } } as const;
  return (
    <ComposerForm
      label={button.label}
      busy={mail.busy}
      cancel={t("mail.discard")}
      submit={t("mail.send")}
      onSubmit={mail.send}
      onDiscard={mail.discard}
      onDone={onDone}
      more={
        mail.undo && (
          <Button variant="subtle" size="xs" onClick={mail.undo}>
            {t("mail.undo")}
          </Button>
        )
      }
    >
      <dl className={css.ways}>
        <dt>{t("mail.from")}</dt>
        <dd>
          {composes.mailbox.label} <span className="quiet">{composes.mailbox.address}</span>
        </dd>
        <dt>{t("mail.to")}</dt>
        <dd>{composes.to || <span className="quiet">{t("mail.to_hidden")}</span>}</dd>
        {answers && (
          <>
            <dt>{t("mail.answers")}</dt>
            <dd>{answers.subject}</dd>
          </>
        )}
      </dl>
      {!composes.mailbox.sends && (
        <p className="small" role="note">
          {t("mail.no_server")}
        </p>
      )}
      {composes.templates.length > 0 && (
        <div className={css.choices}>
          <Select
            {...common}
            label={t("mail.template")}
            placeholder={t("mail.no_template")}
            clearable
            clearButtonProps={{ "aria-label": t("mail.no_template") }}
            disabled={mail.busy}
            data={composes.templates.map((one) => ({ value: one.name, label: one.label }))}
            value={letter.template ?? null}
            onChange={(name) => void mail.draft(name ?? undefined)}
          />
          {chosen && chosen.languages.length > 1 && (
            <Select
              {...common}
              label={t("mail.language")}
              allowDeselect={false}
              disabled={mail.busy}
              data={chosen.languages.map((one) => ({ value: one, label: nameOf(one, i18n.language) }))}
              value={letter.language ?? null}
              onChange={(language) => language && void mail.draft(chosen.name, language)}
            />
          )}
        </div>
      )}
      <TextInput
        size="xs"
        autoFocus={!answers}
        label={t("mail.subject")}
        maxLength={500}
        readOnly={mail.busy}
        value={letter.subject}
        error={mail.problemOf("subject")}
        onChange={(event) => write({ ...letter, subject: event.currentTarget.value })}
      />
      <Textarea
        size="xs"
        autosize
        autoFocus={answers !== undefined}
        minRows={5}
        maxRows={20}
        label={t("mail.text")}
        readOnly={mail.busy}
        value={letter.text}
        error={mail.problemOf("text")}
        onChange={(event) => write({ ...letter, text: event.currentTarget.value })}
      />
      {letter.marked !== undefined && (
        <p className="quiet small" role="status">
          {t(keepsMarkup(letter) ? "mail.with_markup" : "mail.without_markup")}
        </p>
      )}
      {(mail.failed ?? mail.problemOf("template") ?? mail.problemOf("answers")) && (
        <p className="bad small" role="alert">
          {mail.failed ?? mail.problemOf("template") ?? mail.problemOf("answers")}
        </p>
      )}
    </ComposerForm>
  );
}

const nameOf = (language: string, reader: string) =>
  new Intl.DisplayNames(reader, { type: "language" }).of(language) ?? language;
