import {
  IconChevronDown,
  IconChevronRight,
  IconHistory,
  IconHome,
  IconInbox,
  IconLayoutSidebar,
  IconStar,
} from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { useFavourites, useRecent, useUnread } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import icon from "~/ui/icon.svg";
import { toggleSide } from "../overlays";
import { placeAt, placesOf } from "../places";
import css from "./SideBar.module.css";

interface Props {
  narrow?: boolean;
  onGo?(): void;
}

/** The ways to everywhere. Narrow, it shows icons with their names as titles. */
export function SideBar({ narrow = false, onGo }: Props) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const at = useLocation();
  const unread = useUnread();
  const favourites = useFavourites();
  const recent = useRecent();
  const apps = useMemo(() => placesOf(model, i18n.language), [model, i18n.language]);
  const path = at.pathname;
  const here = placeAt(apps, path, at.search);
  const known = [...favourites, ...recent].some((one) => path === `/o/${one.object}/${one.id}`);

  const item = (to: string, label: string, glyph: ReactNode, current: boolean, after?: ReactNode) => (
    <Link
      key={to + label}
      to={to}
      className={css.item}
      aria-current={current ? "page" : undefined}
      title={narrow ? label : undefined}
      aria-label={narrow ? label : undefined}
      onClick={onGo}
    >
      {glyph}
      {!narrow && <span className={css.label}>{label}</span>}
      {after}
    </Link>
  );
  const record = (one: { object: string; id: string; name: string }) =>
    model.objects.has(one.object) &&
    item(
      `/o/${one.object}/${one.id}`,
      one.name || t("recent.nameless"),
      <Glyph name={model.objects.get(one.object)?.icon} />,
      path === `/o/${one.object}/${one.id}`,
    );
  return (
    <nav className={css.side} aria-label={t("app.menu")} data-narrow={narrow}>
      {!onGo && (
        <header className={css.head}>
          {!narrow && (
            <Link to="/" className={css.mark}>
              <img src={icon} width={20} height={20} alt="" />
              {t("app.name")}
            </Link>
          )}
          <button
            type="button"
            className={css.fold}
            aria-label={t("app.side")}
            aria-expanded={!narrow}
            title={`${t("app.side")} [`}
            onClick={toggleSide}
          >
            <IconLayoutSidebar size={16} stroke={1.75} />
          </button>
        </header>
      )}
      <div className={css.group}>
        {item("/", t("app.home"), <IconHome size={16} stroke={1.75} />, path === "/")}
        {item(
          "/inbox",
          t("inbox.title"),
          <IconInbox size={16} stroke={1.75} />,
          path === "/inbox",
          unread > 0 && <span className={css.count}>{unread > 99 ? "99+" : unread}</span>,
        )}
        {(narrow || favourites.length === 0) &&
          item("/favourites", t("recent.favourites"), <IconStar size={16} stroke={1.75} />, path === "/favourites")}
        {item("/recent", t("recent.title"), <IconHistory size={16} stroke={1.75} />, path === "/recent")}
      </div>
      {!narrow && favourites.length > 0 && (
        <Section name="favourites" label={t("recent.favourites")}>
          {favourites.slice(0, 12).map(record)}
        </Section>
      )}
      {apps.map((app) =>
        narrow ? (
          <div className={css.group} key={app.name}>
            {app.places.map((place) => item(place.to, place.label, <Glyph name={place.object.icon} />, place === here))}
          </div>
        ) : (
          <Section key={app.name} name={app.name} label={app.label}>
            {app.places.map((place) =>
              item(place.to, place.label, <Glyph name={place.object.icon} />, place === here && !known),
            )}
          </Section>
        ),
      )}
      {!narrow && recent.length > 0 && (
        <Section name="recent" label={t("recent.title")}>
          {recent
            .filter((one) => !favourites.some((f) => f.id === one.id))
            .slice(0, 5)
            .map(record)}
        </Section>
      )}
    </nav>
  );
}

/** A part of the side bar that folds; which are folded this browser remembers. */
function Section({ name, label, children }: { name: string; label: string; children: ReactNode }) {
  const key = `formwork.folded.${name}`;
  const [folded, setFolded] = useState(() => localStorage.getItem(key) !== null);
  const toggle = () => {
    if (folded) localStorage.removeItem(key);
    else localStorage.setItem(key, "");
    setFolded(!folded);
  };
  return (
    <section className={css.group} aria-label={label}>
      <button type="button" className={css.heading} aria-expanded={!folded} onClick={toggle}>
        {label}
        {folded ? (
          <IconChevronRight className={css.chevron} size={12} />
        ) : (
          <IconChevronDown className={css.chevron} size={12} />
        )}
      </button>
      {!folded && children}
    </section>
  );
}
