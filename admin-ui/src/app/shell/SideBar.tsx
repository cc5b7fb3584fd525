import {
  type Icon,
  IconChevronDown,
  IconChevronRight,
  IconHistory,
  IconHome,
  IconInbox,
  IconLayoutSidebar,
  IconStar,
} from "@tabler/icons-react";
import { memo, type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { useFavourites, useRecent, useUnread } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import icon from "~/ui/icon.svg";
import { toggleSide } from "../overlays";
import { type Place, placeAt, placesOf } from "../places";
import { useFollow } from "../useGo";
import css from "./SideBar.module.css";

interface Props {
  narrow?: boolean;
  onGo?(): void;
}

/** The ways to everywhere. Narrow, it shows icons with their names as titles. */
export function SideBar({ narrow = false, onGo }: Props) {
  const { t, i18n } = useTranslation();
  const { model } = useSession();
  const follow = useFollow();
  const at = useLocation();
  const unread = useUnread();
  const favourites = useFavourites();
  const recent = useRecent();
  const apps = useMemo(() => placesOf(model, i18n.language), [model, i18n.language]);
  const path = at.pathname;
  const here = placeAt(apps, path, at.search);
  const known = [...favourites, ...recent].some((one) => path === `/o/${one.object}/${one.id}`);

  const record = (one: { object: string; id: string; name: string }) => {
    const to = `/o/${one.object}/${one.id}`;
    const object = model.objects.get(one.object);
    const name = one.name || t("recent.nameless");
    return object && <Item key={to} to={to} label={name} narrow={narrow} glyph={object.icon} current={path === to} />;
  };
  const place = (one: Place, current: boolean) => (
    <Item key={one.key} to={one.to} label={one.label} narrow={narrow} glyph={one.object.icon} current={current} />
  );
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: what is clicked are links, which keys press, too
    <nav
      className={css.side}
      aria-label={t("app.menu")}
      data-narrow={narrow}
      onClick={(event) => {
        follow(event);
        if ((event.target as Element).closest("a")) onGo?.();
      }}
    >
      {!onGo && (
        <header className={css.head}>
          {!narrow && (
            <a href="/" className={css.mark}>
              <img src={icon} width={20} height={20} alt="" />
              {t("app.name")}
            </a>
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
        <Item to="/" label={t("app.home")} narrow={narrow} icon={IconHome} current={path === "/"} />
        <Item
          to="/inbox"
          label={t("inbox.title")}
          narrow={narrow}
          icon={IconInbox}
          current={path === "/inbox"}
          count={unread}
        />
        {(narrow || favourites.length === 0) && (
          <Item
            to="/favourites"
            label={t("recent.favourites")}
            narrow={narrow}
            icon={IconStar}
            current={path === "/favourites"}
          />
        )}
        <Item to="/recent" label={t("recent.title")} narrow={narrow} icon={IconHistory} current={path === "/recent"} />
      </div>
      {!narrow && favourites.length > 0 && (
        <Section name="favourites" label={t("recent.favourites")}>
          {favourites.slice(0, 12).map(record)}
        </Section>
      )}
      {apps.map((app) =>
        narrow ? (
          <div className={css.group} key={app.name}>
            {app.places.map((one) => place(one, one === here))}
          </div>
        ) : (
          <Section key={app.name} name={app.name} label={app.label}>
            {app.places.map((one) => place(one, one === here && !known))}
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

interface ItemProps {
  to: string;
  label: string;
  narrow: boolean;
  current: boolean;
  /** What documents call it, or an icon of ours. */
  glyph?: string;
  icon?: Icon;
  count?: number;
}

/** A way to somewhere: drawn anew only where it changes itself, for there may be hundreds. */
const Item = memo(function Item({ to, label, narrow, current, glyph, icon: Own, count = 0 }: ItemProps) {
  return (
    <a
      href={to}
      className={css.item}
      aria-current={current ? "page" : undefined}
      title={narrow ? label : undefined}
      aria-label={narrow ? label : undefined}
    >
      {Own ? <Own size={16} stroke={1.75} /> : <Glyph name={glyph} />}
      {!narrow && <span className={css.label}>{label}</span>}
      {count > 0 && <span className={css.count}>{count > 99 ? "99+" : count}</span>}
    </a>
  );
});

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
        <span>{label}</span>
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
