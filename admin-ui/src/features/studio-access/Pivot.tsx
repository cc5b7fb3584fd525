import { Select } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { labelOf } from "~/studio/DocumentList";
import { useDocuments, useKind } from "~/studio/drafting";
import { type Line, Matrix } from "./Matrix";
import { includedBy, rights, setOf } from "./rights";
import { useTicks } from "./SetMatrix";

/** One object, and what every permission set gives on it. */
export function Pivot() {
  const { t, i18n } = useTranslation();
  const [params, setParams] = useSearchParams();
  const documents = useDocuments();
  const objects = useKind("object");
  const sets = useKind("permission");
  const ticks = useTicks();
  const name = params.get("object") ?? String(objects?.[0]?.name ?? "");
  const options = useMemo(
    () =>
      (objects ?? [])
        .map((d) => ({ value: String(d.name), label: labelOf(d, i18n.language) }))
        .sort((a, b) => a.label.localeCompare(b.label, i18n.language)),
    [objects, i18n.language],
  );
  const label = options.find((one) => one.value === name)?.label ?? name;
  const lines = (words: string): Line[] =>
    (sets ?? [])
      .map((d) => ({ set: setOf(d), called: labelOf(d, i18n.language) }))
      .filter(({ set, called }) => `${called} ${set.name}`.toLowerCase().includes(words))
      .map(({ set, called }) => ({
        id: set.name,
        label: called,
        text: called,
        about: set.name,
        ticks: rights.map((right) => ticks.onObject(set, documents ? includedBy(documents, set) : [], name, right)),
      }));
  return (
    <>
      <h1>{t("studio.access.pivot")}</h1>
      <Select
        size="xs"
        maw={280}
        searchable
        allowDeselect={false}
        label={t("studio.of_object")}
        data={options}
        value={name}
        onChange={(next) =>
          setParams((now) => {
            const to = new URLSearchParams(now);
            if (next) to.set("object", next);
            return to;
          })
        }
      />
      <Matrix
        of={t("studio.kind.permission")}
        label={t("studio.access.matrix", { label })}
        columns={rights.map((one) => t(`studio.access.right.${one}`))}
        lines={lines}
      />
    </>
  );
}
