import { useEffect } from "react";

const grounds = { light: "#FFFFFF", dark: "#14161A" }; // --bg

/** Tells the device what it installs, in the person's language, and in which colour it frames the page. */
export function useInstallable(language: string, theme: "light" | "dark" | "auto" = "auto") {
  useEffect(() => {
    let link = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
    if (!link) {
      link = document.createElement("link");
      link.rel = "manifest";
      document.head.append(link);
    }
    link.href = `/manifest/${language}.webmanifest`;
  }, [language]);
  useEffect(() => {
    for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
      const own = meta.media.includes("dark") ? "dark" : "light";
      meta.content = grounds[theme === "auto" ? own : theme];
    }
  }, [theme]);
}
