import { IconHome, IconInbox, IconMenu2, IconPlus, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { useUnread } from "~/meta/mine";
import { commands, perform } from "~/ui/commands";
import { openMenu, openPalette } from "../overlays";
import css from "./PhoneBar.module.css";

/** What a thumb reaches. */
export function PhoneBar() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const unread = useUnread();
  const create = () => {
    const command = commands().find((one) => one.id === "app.create");
    if (command) void perform(command);
  };
  return (
    <nav className={css.bar} aria-label={t("app.bottom")}>
      <Link to="/" aria-current={pathname === "/" ? "page" : undefined}>
        <IconHome size={20} stroke={1.75} />
        {t("app.home")}
      </Link>
      <Link to="/inbox" aria-current={pathname === "/inbox" ? "page" : undefined}>
        <IconInbox size={20} stroke={1.75} />
        {t("inbox.title")}
        {unread > 0 && <span className={css.count}>{unread > 99 ? "99+" : unread}</span>}
      </Link>
      <button type="button" onClick={create}>
        <IconPlus size={20} stroke={1.75} />
        {t("app.create")}
      </button>
      <button type="button" onClick={() => openPalette()}>
        <IconSearch size={20} stroke={1.75} />
        {t("app.find")}
      </button>
      <button type="button" onClick={openMenu}>
        <IconMenu2 size={20} stroke={1.75} />
        {t("app.more")}
      </button>
    </nav>
  );
}
