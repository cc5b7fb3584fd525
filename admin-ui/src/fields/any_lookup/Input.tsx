import { Select } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "~/meta/session";
import { control } from "../control";
import type { InputProps } from "../field";
import { find } from "../find";
import { ReferenceInput } from "../ReferenceInput";
import type { Reference } from "./index";

/** First the object, then the record. */
export function Input(props: InputProps<Reference>) {
  const { value, name, field, label, onChange, disabled, required } = props;
  const { t } = useTranslation();
  const { model } = useSession();
  const [chosen, setChosen] = useState(value?.object);
  const among = [...model.objects.values()].filter(
    (object) => field.targets.length === 0 || field.targets.includes(object.name),
  );
  const object = chosen ?? value?.object;
  return (
    <fieldset className="parts" aria-label={label ?? field.label} disabled={disabled}>
      {label && (
        <legend>
          {label}
          {required && " *"}
        </legend>
      )}
      <Select
        {...control({ ...props, label: undefined, problem: undefined })}
        aria-label={t("fields.any_lookup.object")}
        placeholder={t("fields.any_lookup.object")}
        searchable
        nothingFoundMessage={t("record.nothing_found")}
        autoFocus={props.autoFocus && !object}
        data={among.map((one) => ({ value: one.name, label: one.label }))}
        value={object ?? null}
        onChange={(next) => {
          setChosen(next ?? undefined);
          if (value && value.object !== next) onChange(null, null);
        }}
      />
      {object && (
        <ReferenceInput
          {...props}
          key={object}
          target={object}
          label={undefined}
          autoFocus={props.autoFocus ?? (chosen !== undefined && !value)}
          value={value?.object === object ? value.id : null}
          name={value?.object === object ? name : null}
          candidates={find(model, object)}
          onChange={(id, called) => onChange(id ? { object, id } : null, called)}
        />
      )}
    </fieldset>
  );
}
