// What can be done on every page.
import {
  IconArrowBackUp,
  IconEyeQuestion,
  IconHelp,
  IconHistory,
  IconHome,
  IconInbox,
  IconLayoutSidebar,
  IconLogout,
  IconPlus,
  IconSearch,
  IconSettings,
  IconStar,
  IconTools,
  IconTrash,
} from "@tabler/icons-react";
import { useCallback, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { refusal } from "~/api/client";
import { useSession } from "~/meta/session";
import { type Command, forgetUndos, undoLast, useCommandStore, useCommands } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { openHelp, openPalette, toggleSide } from "../overlays";
import { placeAt, placesOf } from "../places";
import { useGo } from "../useGo";
import { shapedAt } from "./shaped";
import { useLogOut } from "./useLogOut";

export function useAppCommands() {
  const { t, i18n } = useTranslation();
  const { me, model } = useSession();
  const go = useGo();
  const at = useLocation();
  const undo = useUndo();
  const logOut = useLogOut();
  const apps = useMemo(() => placesOf(model, i18n.language), [model, i18n.language]);
  const here = placeAt(apps, at.pathname, at.search)?.object ?? model.objects.get(at.pathname.split("/")[2] ?? "");
  const shaped = shapedAt(model, at.pathname, at.search);
  // The keys are those of the app that is shown, as the side bar has its items.
  const app = apps.find((one) => one.places.includes(placeAt(apps, at.pathname, at.search) as never)) ?? apps[0];

  /** The panel of a new record over the page that is shown. */
  const create = useCallback(
    (object: string) => {
      const { pathname, search } = window.location;
      const next = new URLSearchParams(search);
      next.set("create", object);
      next.set("new", "");
      go({ pathname, search: next.toString() });
    },
    [go],
  );
  const makes = useMemo(() => [...model.objects.values()].filter((object) => object.can.create), [model]);
  const making = useMemo(
    () =>
      makes.map((object) => ({
        id: `create.${object.name}`,
        label: t("record.new", { object: object.label }),
        icon: IconPlus,
        keywords: t("app.create_words"),
        run: () => create(object.name),
      })),
    [makes, t, create],
  );
  useCommands(making);
  const leads = (id: string, label: string, to: string, icon: Command["icon"], keys?: string): Command => ({
    id: `go.${id}`,
    label,
    icon,
    keys,
    where: "go",
    run: () => go(to),
  });
  useCommands([
    undo,
    {
      id: "app.palette",
      label: t("app.palette"),
      icon: IconSearch,
      keys: "mod+k",
      where: "anywhere",
      hidden: true,
      run: () => openPalette(),
    },
    { id: "app.help", label: t("app.help"), icon: IconHelp, keys: "?", where: "anywhere", run: openHelp },
    { id: "app.side", label: t("app.side"), icon: IconLayoutSidebar, keys: "[", where: "anywhere", run: toggleSide },
    {
      id: "app.create",
      label: t("app.create"),
      icon: IconPlus,
      keys: "c",
      where: "anywhere",
      hidden: true,
      enabled: () => (makes.length > 0 ? true : t("app.nothing_to_create")),
      run: () => (here?.can.create ? create(here.name) : openPalette(`>${t("app.create_word")} `)),
    },
    leads("home", t("app.home"), "/", IconHome, "g h"),
    leads("inbox", t("inbox.title"), "/inbox", IconInbox, "g i"),
    leads("favourites", t("recent.favourites"), "/favourites", IconStar, "g f"),
    leads("recent", t("recent.title"), "/recent", IconHistory, "g r"),
    ...(here?.can.delete
      ? [leads("bin", t("bin.title", { object: here.plural }), `/o/${here.name}/bin`, IconTrash)]
      : []),
    ...(me.rights.system.includes("view_setup") ? [leads("studio", t("studio.title"), "/studio", IconTools)] : []),
    ...(me.rights.system.includes("manage_metadata") && shaped
      ? [leads("customise", t("studio.customise"), shaped, IconTools)]
      : []),
    ...(me.rights.system.includes("view_setup") && here
      ? [leads("why", t("studio.access.why_here"), whyOf(here.name, at.pathname), IconEyeQuestion)]
      : []),
    leads("me", t("me.title"), "/me", IconSettings, "g s"),
    ...(app?.places ?? [])
      .slice(0, 9)
      .map((place, i) => ({ ...leads(`item.${i + 1}`, place.label, place.to, undefined, `g ${i + 1}`), hidden: true })),
    { id: "app.logout", label: t("me.logout"), icon: IconLogout, run: logOut },
  ]);
}

/** Where it is asked who may do what with the record that a page is of, or with such. */
function whyOf(object: string, pathname: string): string {
  const id = /^\/o\/[^/]+\/([0-9][0-9a-z]{12})$/.exec(pathname)?.[1];
  return `/studio/access/why?object=${object}${id ? `&id=${id}` : ""}`;
}

/** ⌘Z takes back the last change that a page remembered. */
function useUndo(): Command {
  const { t } = useTranslation();
  const last = useCommandStore((s) => s.undos.at(-1)?.label);
  useEffect(() => forgetUndos, []);
  return {
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
  };
}
