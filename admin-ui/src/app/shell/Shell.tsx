import { ActionIcon, Avatar, Drawer, Menu, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconArrowBackUp, IconMenu2 } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { refusal } from "~/api/client";
import { logOut } from "~/api/session";
import { languages } from "~/i18n";
import { ordered, say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import { forgetUndos, listen, undoLast, useCommandStore, useCommands } from "~/ui/commands";
import { Notices, notify } from "~/ui/notices";
import css from "./Shell.module.css";

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const [open, { toggle, close }] = useDisclosure();
  useEffect(() => listen(window), []);
  useUndo();
  return (
    <div className={css.shell}>
      <header className={css.bar}>
        {phone && (
          <ActionIcon variant="subtle" size="lg" onClick={toggle} aria-label={t("app.menu")}>
            <IconMenu2 size={18} />
          </ActionIcon>
        )}
        <strong>{t("app.name")}</strong>
        <span className={css.space} />
        <Person />
      </header>
      {phone ? (
        <Drawer opened={open} onClose={close} size="80%" title={t("app.name")}>
          <Navigation onGo={close} />
        </Drawer>
      ) : (
        <Navigation />
      )}
      <main className={css.content}>{children}</main>
      <Notices />
    </div>
  );
}

/** ⌘Z takes back the last change that a page remembered. */
function useUndo() {
  const { t } = useTranslation();
  const last = useCommandStore((s) => s.undos.at(-1)?.label);
  useEffect(() => forgetUndos, []);
  useCommands([
    {
      id: "app.undo",
      label: last ? t("app.undo_this", { what: last }) : t("app.undo"),
      icon: IconArrowBackUp,
      keys: "mod+z",
      where: "anywhere",
      enabled: () => (last ? true : t("app.nothing_to_undo")),
      run: async () => {
        try {
          const undone = await undoLast();
          if (undone) notify({ text: t("app.undone", { what: undone.label }) });
        } catch (error) {
          notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
        }
      },
    },
  ]);
}

/** The apps and what is in them, as far as the caller may see it. */
function Navigation({ onGo }: { onGo?(): void }) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  return (
    <nav className={css.side} aria-label={t("app.menu")}>
      {model.apps.map((app) => {
        const items = ordered(app.items).filter((item) => item.object && model.objects.has(item.object));
        if (items.length === 0) return null;
        return (
          <section key={app.name}>
            <h2>{say(app.label, i18n.language, app.name)}</h2>
            {items.map((item) => (
              <NavLink key={item.name} to={`/o/${item.object}?view=${item.view ?? ""}`} onClick={onGo}>
                {say(item.label, i18n.language, model.objects.get(item.object as string)?.plural ?? item.name)}
              </NavLink>
            ))}
          </section>
        );
      })}
    </nav>
  );
}

function Person() {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <button type="button" className={css.person} aria-label={me.user.name}>
          <Avatar size={26} radius="xl" name={me.user.name} color="initials" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.user.name}</Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t("me.theme")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item key={scheme} onClick={() => setColorScheme(scheme)}>
            {t(`me.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t("me.language")}</Menu.Label>
        {languages.map((language) => (
          <Menu.Item key={language} onClick={() => void i18n.changeLanguage(language)}>
            {new Intl.DisplayNames(language, { type: "language" }).of(language)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          onClick={() =>
            void logOut().finally(() => {
              cache.clear();
              location.assign("/");
            })
          }
        >
          {t("me.logout")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
