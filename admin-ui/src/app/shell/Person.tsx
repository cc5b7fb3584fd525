import { Avatar, Menu, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconKeyboard, IconLogout, IconSettings, IconTools } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { languages } from "~/i18n";
import { useChangeProfile, useChangeSettings, useSettings } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { useLogOut } from "../commands/useLogOut";
import { openHelp } from "../overlays";
import css from "./TopBar.module.css";

/** Who is logged in, with what is changed most. */
export function Person() {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const { theme = "auto" } = useSettings();
  const { setColorScheme } = useMantineColorScheme();
  const changeSettings = useChangeSettings();
  const changeProfile = useChangeProfile();
  const logOut = useLogOut();
  const chosen = (yes: boolean) => (yes ? <IconCheck size={14} /> : undefined);
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <button type="button" className={css.person} aria-label={me.user.name}>
          <Avatar size={26} radius="xl" name={me.user.name} color="accent" variant="filled" />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah="80vh" className="scrolls">
        <Menu.Label>{me.user.name}</Menu.Label>
        <Menu.Item component={Link} to="/me" leftSection={<IconSettings size={14} />}>
          {t("me.title")}
        </Menu.Item>
        {me.rights.system.includes("view_setup") && (
          <Menu.Item component={Link} to="/studio" leftSection={<IconTools size={14} />}>
            {t("studio.title")}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconKeyboard size={14} />} onClick={openHelp}>
          {t("app.help")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t("me.theme")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            rightSection={chosen(theme === scheme)}
            onClick={() => {
              setColorScheme(scheme);
              changeSettings({ theme: scheme });
            }}
          >
            {t(`me.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t("me.language")}</Menu.Label>
        {languages.map((language) => (
          <Menu.Item
            key={language}
            rightSection={chosen(i18n.language === language)}
            onClick={() => void changeProfile({ language }).catch(() => undefined)}
          >
            {new Intl.DisplayNames(language, { type: "language" }).of(language)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={logOut}>
          {t("me.logout")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
