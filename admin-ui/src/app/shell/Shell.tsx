import { Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { looking } from "~/api/looking";
import { listen } from "~/ui/commands";
import { forgetFailures, Notices } from "~/ui/notices";
import { useAppCommands } from "../commands/useAppCommands";
import { useLive } from "../live/useLive";
import { Strip } from "../offline/Strip";
import { closeOverlay, useOverlays } from "../overlays";
import { Early } from "../palette/Early";
import { PhoneBar } from "./PhoneBar";
import css from "./Shell.module.css";
import { SideBar } from "./SideBar";
import { TopBar } from "./TopBar";
import { useOpening } from "./useOpening";

const Palette = lazy(() => import("../palette/Palette"));
const Help = lazy(() => import("../help/Help"));
const Looking = lazy(() => import("../looking/Looking"));

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const { open, narrow } = useOverlays();
  useEffect(() => listen(window), []);
  const content = useContentFocus();
  return (
    <div className={css.shell} data-narrow={narrow} data-looking={!!looking}>
      <a className={css.skip} href="#content">
        {t("app.skip")}
      </a>
      {looking && (
        <div className={css.looking}>
          <Suspense fallback={null}>
            <Looking {...looking} />
          </Suspense>
        </div>
      )}
      {phone ? (
        <Drawer
          opened={open === "menu"}
          onClose={closeOverlay}
          size="85%"
          title={t("app.name")}
          closeButtonProps={{ "aria-label": t("app.close") }}
        >
          <SideBar onGo={closeOverlay} />
        </Drawer>
      ) : (
        <SideBar narrow={narrow} />
      )}
      <TopBar phone={phone} />
      <main className={css.content} id="content" tabIndex={-1} ref={content}>
        {children}
      </main>
      <Strip />
      {phone && <PhoneBar />}
      <Always />
      <Notices />
      <Suspense fallback={open === "palette" ? <Early /> : null}>
        {open === "palette" && <Palette />}
        {open === "help" && <Help />}
      </Suspense>
    </div>
  );
}

/** What goes on behind every page. It draws nothing, so what it hears draws nothing anew. */
function Always() {
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever goes to another page leaves them behind
  useEffect(() => forgetFailures, [pathname]);
  useAppCommands();
  useOpening();
  useLive();
  return null;
}

/** What had the focus goes with the page that is left; who works by keys is in the content of the next one then. */
function useContentFocus() {
  const { pathname } = useLocation();
  const content = useRef<HTMLElement>(null);
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    if (document.activeElement === document.body) content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return content;
}
