import { SegmentedControl, Switch, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Settings, useChangeSettings, useSettings } from "~/meta/mine";
import css from "./Me.module.css";
import { Part } from "./Part";

/** Theme, density, keys. */
export function Look() {
  const { t } = useTranslation();
  const { theme = "auto", density = "compact", shortcuts = true } = useSettings();
  const { setColorScheme } = useMantineColorScheme();
  const change = useChangeSettings();
  return (
    <Part title={t("me.look")}>
      <div className={css.choice}>
        <span>{t("me.theme")}</span>
        <SegmentedControl
          size="xs"
          aria-label={t("me.theme")}
          data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: t(`me.${value}`) }))}
          value={theme}
          onChange={(value) => {
            setColorScheme(value as "light");
            change({ theme: value as Settings["theme"] });
          }}
        />
      </div>
      <div className={css.choice}>
        <span>{t("me.density")}</span>
        <SegmentedControl
          size="xs"
          aria-label={t("me.density")}
          data={(["compact", "comfortable"] as const).map((value) => ({ value, label: t(`me.${value}`) }))}
          value={density}
          onChange={(value) => change({ density: value as Settings["density"] })}
        />
      </div>
      <Switch
        label={t("me.shortcuts")}
        description={t("me.shortcuts_says")}
        checked={shortcuts}
        onChange={(event) => change({ shortcuts: event.currentTarget.checked })}
      />
    </Part>
  );
}
