import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { schemaOf } from "~/api/drafts";
import type { ObjectModel } from "~/meta/model";
import { useChanging } from "~/studio/drafting";
import { fieldOf, typesOf } from "~/studio/fields";
import { lastOrder } from "~/studio/order";
import { nameOf } from "~/studio/patching";
import css from "./Pages.module.css";

/** A field that the object doesn't have yet: what it is called, then of which type. */
export function NewField({ object, made }: { object: ObjectModel; made(name: string): void }) {
  const { t, i18n } = useTranslation();
  const { patch } = useChanging();
  const [label, setLabel] = useState("");
  const schema = useQuery({
    queryKey: ["schema", "object", i18n.language],
    queryFn: () => schemaOf("object"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const choose = async (type: string) => {
    const called = label.trim() || t(`studio.type.${type}`);
    const { fields } = object.doc;
    const name = nameOf(label.trim() || type, (one) => one in fields, "field");
    const added = { fields: { [name]: fieldOf(type, called, lastOrder(fields)) } };
    if (await patch({ kind: "object", name: object.name }, added, t("studio.field_added", { label: called })))
      made(name);
  };
  return (
    <fieldset className={css.fresh}>
      <legend>{t("studio.new_field")}</legend>
      <TextInput
        size="xs"
        label={t("studio.label")}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <div className={css.types}>
        {(schema ? typesOf(schema) : []).map((type) => (
          <button key={type} type="button" onClick={() => void choose(type)}>
            {t(`studio.type.${type}`)}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
