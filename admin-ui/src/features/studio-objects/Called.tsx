import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import { labelOf } from "~/studio/DocumentList";
import { inAppOrder } from "./made";

/** What a new object is called, and the app that it has a place in: the first, unless another is chosen. */
export function useCalled(documents: Iterable<Document>, first = "") {
  const [label, setLabel] = useState(first);
  const [plural, setPlural] = useState("");
  const apps = inAppOrder(documents);
  const [chosen, choose] = useState<string | null>();
  const app = chosen === undefined ? apps[0] && String(apps[0].name) : chosen;
  return {
    label,
    setLabel,
    plural,
    setPlural,
    apps,
    choose,
    app: app ?? null,
    /** As the documents of the object say it. */
    said: {
      label: label.trim(),
      plural: plural.trim() || label.trim(),
      app: apps.find((one) => one.name === app),
    },
  };
}

export function Called({ called }: { called: ReturnType<typeof useCalled> }) {
  const { t, i18n } = useTranslation();
  const { label, setLabel, plural, setPlural, apps, app, choose } = called;
  return (
    <>
      <TextInput
        size="xs"
        data-autofocus
        label={t("studio.label")}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        label={t("studio.plural")}
        placeholder={label}
        value={plural}
        onChange={(event) => setPlural(event.currentTarget.value)}
      />
      <Select
        size="xs"
        label={t("studio.in_app")}
        clearable
        data={apps.map((d) => ({ value: String(d.name), label: labelOf(d, i18n.language) }))}
        value={app}
        onChange={choose}
      />
    </>
  );
}
