import { useComputedColorScheme } from "@mantine/core";
import { useEffect } from "react";

/** Has the page look light or dark as the form says; nothing of it is kept, for the workspace is of this browser too. */
export function useScheme(scheme: string | undefined) {
  const own = useComputedColorScheme("light");
  useEffect(() => {
    if (scheme !== "light" && scheme !== "dark") return undefined;
    const root = document.documentElement;
    root.setAttribute("data-mantine-color-scheme", scheme);
    return () => root.setAttribute("data-mantine-color-scheme", own);
  }, [scheme, own]);
}

/** Tells the page around the form how tall it is, where that is of a site that the form names. */
export function useEmbedded(origins: string[] | undefined) {
  useEffect(() => {
    if (!origins?.length || window.parent === window) return undefined;
    document.documentElement.dataset.embedded = "";
    const told = { height: 0 };
    const tell = () => {
      const height = Math.ceil(document.querySelector("main > section")?.getBoundingClientRect().height ?? 0) + 32;
      if (height === told.height) return;
      told.height = height;
      for (const origin of origins)
        window.parent.postMessage({ formwork: { form: location.pathname, height } }, origin);
    };
    const watch = new ResizeObserver(tell);
    watch.observe(document.body);
    for (const one of document.querySelectorAll("main > section")) watch.observe(one);
    tell();
    return () => watch.disconnect();
  }, [origins]);
}
