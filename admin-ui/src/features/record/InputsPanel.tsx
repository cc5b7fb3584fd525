import { Button, Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem, Schemas } from "~/api/client";
import { typeOf } from "~/fields";
import { find } from "~/fields/find";
import { useFormats } from "~/fields/useFormats";
import { enteredField, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useReturnFocus } from "~/ui/useReturnFocus";
import css from "./CreatePanel.module.css";
import { useWorkflow } from "./useWorkflow";

interface Props {
  object: ObjectModel;
  id: string;
  button: Schemas["Button"];
  onClose(): void;
}

/** What a workflow needs of whoever sets it off. */
export function InputsPanel({ object, id, button, onClose }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const start = useWorkflow(object, id);
  const [begin] = useState(button.inputs); // the page is read again meanwhile
  const fields = useMemo(
    () => begin.map((one) => enteredField(model, one.name, one.field as Parameters<typeof enteredField>[2])),
    [begin, model],
  );
  const [values, setValues] = useState<Record<string, unknown>>(() =>
    Object.fromEntries(begin.map((one) => [one.name, one.value])),
  );
  const [names, setNames] = useState<Record<string, string | null | undefined>>(() =>
    Object.fromEntries(begin.map((one) => [one.name, one.shown])),
  );
  const [why, setWhy] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  useReturnFocus();
  const problemOf = (name: string) => why?.errors?.find((one) => one.pointer === `/inputs/${name}`)?.detail;
  const submit = async () => {
    setBusy(true);
    const came = await start(button, values);
    setBusy(false);
    if (came === true) onClose();
    else setWhy(came);
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={phone ? "100%" : 420}
      title={button.label}
      closeButtonProps={{ "aria-label": t("record.close") }}
      classNames={{ content: css.panel, body: css.body }}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {fields.map((field, index) => {
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
                  required={field.required}
                  problem={problemOf(field.name)}
                  candidates={field.targets[0] ? find(model, field.targets[0]) : undefined}
                  onChange={(value: unknown, called?: string | null) => {
                    setValues((before) => ({ ...before, [field.name]: value }));
                    setNames((before) => ({ ...before, [field.name]: called }));
                  }}
                />
                {field.help && <p className="quiet small">{field.help}</p>}
              </div>
            )
          );
        })}
        <footer className={css.foot}>
          <Button variant="default" size="xs" onClick={onClose}>
            {t("record.cancel")}
          </Button>
          <Button type="submit" size="xs" loading={busy}>
            {button.label}
          </Button>
        </footer>
      </form>
    </Drawer>
  );
}
