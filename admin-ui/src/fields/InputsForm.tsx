import { Button, Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Schemas } from "~/api/client";
import { enteredField } from "~/meta/model";
import { useSession } from "~/meta/session";
import panel from "~/ui/FormPanel.module.css";
import { useReturnFocus } from "~/ui/useReturnFocus";
import { find } from "./find";
import css from "./InputsForm.module.css";
import { typeOf } from "./index";
import { useFormats } from "./useFormats";

/** What somebody has filled in. */
export interface FilledIn {
  values: Record<string, unknown>;
  /** Of what the values refer to. */
  names: Record<string, string | null | undefined>;
}

interface Props {
  /** The workflow that asks. */
  button: Schemas["Button"];
  /** Where it stays until it is sent or the form is closed, but for secrets. */
  kept?: { read(): FilledIn | undefined; keep(entered: FilledIn): void };
  /** Above what is asked for. */
  says?: ReactNode;
  /** In place of what is asked for, while the workflow runs and after. */
  children?: ReactNode;
  /** Starts the workflow; what can't be taken of what was filled in is shown at its place. */
  onStart(values: Record<string, unknown>): Promise<Problem | undefined>;
  onClose(): void;
}

/** What a workflow needs of whoever sets it off. An input of which each record has its own beginning is left out until it is filled in. */
export function InputsForm({ button, kept, says, children, onStart, onClose }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const [begin] = useState(button.inputs); // the page is read again meanwhile
  const fields = useMemo(
    () =>
      begin.map((one) => ({
        field: enteredField(model, one.name, one.field as Parameters<typeof enteredField>[2]),
        own: one.own,
      })),
    [begin, model],
  );
  const [{ values, names }, setEntered] = useState<FilledIn>(() => {
    const before = kept?.read();
    return {
      values: {
        ...Object.fromEntries(begin.filter((one) => !one.own).map((one) => [one.name, one.value])),
        ...before?.values,
      },
      names: { ...Object.fromEntries(begin.map((one) => [one.name, one.shown])), ...before?.names },
    };
  });
  const enter = (name: string, value: unknown, called?: string | null) => {
    const now = { values: { ...values, [name]: value }, names: { ...names, [name]: called } };
    setEntered(now);
    const secret = fields.filter(({ field }) => field.type === "secret").map(({ field }) => field.name);
    kept?.keep({
      ...now,
      values: Object.fromEntries(Object.entries(now.values).filter(([key]) => !secret.includes(key))),
    });
  };
  const [why, setWhy] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  useReturnFocus();
  const problemOf = (name: string) => why?.errors?.find((one) => one.pointer === `/inputs/${name}`)?.detail;
  const submit = async () => {
    if (busy) return;
    setBusy(true);
    setWhy(await onStart(values));
    setBusy(false);
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={phone ? "100%" : 420}
      title={button.label}
      closeButtonProps={{ "aria-label": t("record.close") }}
      classNames={{ content: panel.panel, body: panel.body }}
    >
      {children ?? (
        <form
          className={`${panel.form} ${css.texts}`}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {button.help && <p className="quiet">{button.help}</p>}
          {says}
          {fields.map(({ field, own }, index) => {
            const Input = typeOf(field.shows).Input;
            return (
              Input && (
                <div key={field.name}>
                  <Input
                    autoFocus={index === 0}
                    field={field}
                    formats={formats}
                    label={field.label}
                    value={(values[field.name] ?? null) as never}
                    name={names[field.name]}
                    required={field.required && !own}
                    problem={problemOf(field.name)}
                    candidates={field.targets[0] ? find(model, field.targets[0]) : undefined}
                    onChange={(value: unknown, called?: string | null) => enter(field.name, value, called)}
                  />
                  {own && !(field.name in values) && <p className="quiet small">{t("workflow.own")}</p>}
                  {field.help && <p className="quiet small">{field.help}</p>}
                </div>
              )
            );
          })}
          <footer className={panel.foot}>
            <Button variant="default" size="xs" onClick={onClose}>
              {t("record.cancel")}
            </Button>
            <Button type="submit" size="xs" loading={busy} data-autofocus={fields.length === 0 || undefined}>
              {button.label}
            </Button>
          </footer>
        </form>
      )}
    </Drawer>
  );
}
