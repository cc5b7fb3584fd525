import { Button, Checkbox, Popover, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import type { ObjectDoc } from "~/meta/documents";
import { useChanging, useDocuments } from "~/studio/drafting";
import { fieldOf } from "~/studio/fields";
import { lastOrder } from "~/studio/order";
import { nameOf, systemNames } from "~/studio/patching";
import { placed } from "./made";
import css from "./Objects.module.css";

interface Props {
  object: Document;
  types: string[];
  made(name: string): void;
}

/** A new field: what it is called, then of which type. */
export function NewField({ object, types, made }: Props) {
  const { t } = useTranslation();
  const documents = useDocuments();
  const { patchAll } = useChanging();
  const [open, setOpen] = useState(false);
  const [label, setLabel] = useState("");
  const [shown, setShown] = useState(true);
  const { fields, name: of } = object as unknown as ObjectDoc;
  const choose = async (type: string) => {
    const called = label.trim() || t(`studio.type.${type}`); // as its type for now, where nothing is said
    const name = nameOf(label.trim() || type, (one) => one in fields || systemNames.has(one), "field");
    setOpen(false);
    setLabel("");
    const added = { fields: { [name]: fieldOf(type, called, lastOrder(fields)) } };
    const pages = shown && documents ? placed(documents, of, name) : [];
    const says = t("studio.field_added", { label: called });
    if (await patchAll([{ key: { kind: "object", name: of }, patch: added }, ...pages], says)) made(name);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="top-start" width={420} trapFocus returnFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => setOpen(!open)}>
          {t("studio.new_field")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("studio.new_field")}>
        <TextInput
          size="xs"
          data-autofocus
          label={t("studio.label")}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <Checkbox
          size="xs"
          mt="xs"
          label={t("studio.on_page")}
          checked={shown}
          onChange={(event) => setShown(event.currentTarget.checked)}
        />
        <fieldset className={css.types} aria-label={t("studio.type_of_field")} style={{ border: 0, padding: 0 }}>
          {types.map((type) => (
            <button key={type} type="button" onClick={() => void choose(type)}>
              {t(`studio.type.${type}`)}
            </button>
          ))}
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  );
}
