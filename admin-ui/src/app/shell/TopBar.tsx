import { Menu } from "@mantine/core";
import { IconInbox, IconPlus, IconSearch } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { useUnread } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { commands, perform, useCommandStore } from "~/ui/commands";
import { Glyph } from "~/ui/Glyph";
import { written } from "~/ui/keys";
import { useTitle } from "~/ui/Title";
import { openPalette } from "../overlays";
import { placeAt, placesOf } from "../places";
import { Person } from "./Person";
import css from "./TopBar.module.css";

export function TopBar({ phone }: { phone: boolean }) {
  const { t } = useTranslation();
  const unread = useUnread();
  return (
    <header className={css.bar}>
      <Path />
      {!phone && (
        <>
          <button type="button" className={css.search} aria-label={t("app.palette")} onClick={() => openPalette()}>
            <IconSearch size={14} />
            <span>{t("app.search")}</span>
            <kbd>{written("mod+k")[0]}</kbd>
          </button>
          <Creating />
          <Link
            className={css.button}
            to="/inbox"
            aria-label={unread > 0 ? t("inbox.unread", { count: unread }) : t("inbox.title")}
          >
            <IconInbox size={18} stroke={1.75} />
            {unread > 0 && <span className={css.dot} />}
          </Link>
        </>
      )}
      <Person />
    </header>
  );
}

/** Where this page is: its app, its object, its name. */
function Path() {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const { pathname, search } = useLocation();
  const title = useTitle((s) => s.title);
  const apps = useMemo(() => placesOf(model, i18n.language), [model, i18n.language]);
  const [, , name, id] = pathname.split("/");
  const object = pathname.startsWith("/o/") ? model.objects.get(name ?? "") : undefined;
  const place = placeAt(apps, pathname, search);
  const app = apps.find((one) => one.places.some((p) => p === place));
  return (
    <nav className={css.path} aria-label={t("app.path")}>
      <ol>
        {object && app && !id && <li>{app.label}</li>}
        {object && (
          <li>
            <Link to={place?.to ?? `/o/${object.name}`} aria-current={id ? undefined : "page"}>
              <Glyph name={object.icon} />
              <span className={css.name}>{object.plural}</span>
            </Link>
          </li>
        )}
        {(id || !object) && title && <li aria-current="page">{title}</li>}
      </ol>
    </nav>
  );
}

/** What can be made, from the commands. */
function Creating() {
  const { t } = useTranslation();
  const all = useCommandStore();
  const makes = commands(all).filter((one) => one.id.startsWith("create."));
  if (makes.length === 0) return null;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <button type="button" className={css.button} aria-label={t("app.create")} title={`${t("app.create")} C`}>
          <IconPlus size={18} stroke={1.75} />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah="70vh" className="scrolls">
        {makes.map((one) => (
          <Menu.Item key={one.id} onClick={() => void perform(one)}>
            {one.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
