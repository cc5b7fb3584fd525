import { Select } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { useFormats } from "~/fields/useFormats";
import { languages } from "~/i18n";
import { type FormatSettings, useChangeProfile, useChangeSettings, useSettings } from "~/meta/mine";
import { useSession, zoneOf } from "~/meta/session";
import { Part } from "./Part";

const locales = [
  "en-US",
  "en-GB",
  "de-DE",
  "de-CH",
  "fr-FR",
  "es-ES",
  "it-IT",
  "nl-NL",
  "pt-BR",
  "sv-SE",
  "pl-PL",
  "zh-CN",
  "ja-JP",
  "hi-IN",
];
const sample = { number: 1234567.5, at: "2026-03-31T13:05:00Z" };

/** Language, time zone, and how numbers, dates and times are written. */
export function Region() {
  const { t, i18n } = useTranslation();
  const zone = zoneOf(useSession().me);
  const formats = useFormats();
  const { formats: chosen = {} } = useSettings();
  const changeSettings = useChangeSettings();
  const changeProfile = useChangeProfile();
  const [problem, setProblem] = useState<string>();
  const names = useMemo(() => new Intl.DisplayNames(i18n.language, { type: "language" }), [i18n.language]);
  const zones = useMemo(() => [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone"), zone])], [zone]);
  const store = (profile: { language?: string; time_zone?: string }) => {
    setProblem(undefined);
    changeProfile(profile).catch((error) => setProblem(refusal(error)?.detail ?? t("error.offline")));
  };
  const choose = (change: { [K in keyof FormatSettings]: FormatSettings[K] | null }) =>
    changeSettings({ formats: change as FormatSettings });
  const common = { size: "xs", allowDeselect: false, comboboxProps: { width: "target" } } as const;
  return (
    <Part title={t("me.region")} says={`${formats.number(sample.number, 2)} · ${formats.datetime(sample.at)}`}>
      <Select
        {...common}
        label={t("me.language")}
        data={languages.map((one) => ({
          value: one,
          label: new Intl.DisplayNames(one, { type: "language" }).of(one) ?? one,
        }))}
        value={i18n.language}
        onChange={(language) => language && store({ language })}
      />
      <Select
        {...common}
        searchable
        label={t("me.time_zone")}
        data={zones}
        value={zone}
        error={problem}
        nothingFoundMessage={t("record.nothing_found")}
        onChange={(time_zone) => time_zone && store({ time_zone })}
      />
      <Select
        {...common}
        label={t("me.locale")}
        data={[
          { value: "", label: t("me.by_language") },
          ...locales.map((one) => ({ value: one, label: names.of(one) ?? one })),
        ]}
        value={chosen.locale ?? ""}
        onChange={(locale) => choose({ locale: locale || null })}
      />
      <Select
        {...common}
        label={t("me.dates")}
        data={[
          { value: "", label: t("me.dates_medium") },
          { value: "numeric", label: t("me.dates_numeric") },
          { value: "iso", label: "2026-03-31" },
        ]}
        value={chosen.dates ?? ""}
        onChange={(dates) => choose({ dates: (dates || null) as FormatSettings["dates"] | null })}
      />
      <Select
        {...common}
        label={t("me.clock")}
        data={[
          { value: "", label: t("me.by_language") },
          { value: "24", label: "13:05" },
          { value: "12", label: "1:05 PM" },
        ]}
        value={chosen.clock ?? ""}
        onChange={(clock) => choose({ clock: (clock || null) as FormatSettings["clock"] | null })}
      />
    </Part>
  );
}
