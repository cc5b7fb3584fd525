// The service worker, as the page sees it: see src/worker.
import { onlineManager } from "@tanstack/react-query";
import { create } from "zustand";

const often = 60 * 60 * 1000; // ms between two looks for a new version, in a page that stays open

/** Whether there is a newer version than that of this page. */
export const useNewer = create(() => ({ newer: false }));

/** Has the browser keep the application, where it can (over HTTPS, or on the machine itself). */
export function startWorker() {
  const workers = navigator.serviceWorker;
  if (!workers || import.meta.env.DEV) return;
  let had = workers.controller !== null; // the first worker brings nothing new
  workers.addEventListener("controllerchange", () => {
    if (had) useNewer.setState({ newer: true });
    had = true;
  });
  workers.addEventListener("message", (event) => {
    if (event.data === "reload") location.reload();
  });
  const register = async () => {
    const registration = await workers.register("/sw.js", { updateViaCache: "none" });
    const look = () => void registration?.update().catch(() => undefined);
    setInterval(look, often);
    onlineManager.subscribe((reached) => reached && look()); // it may have been replaced meanwhile
  };
  // Its files are read once those of the page are here.
  const begin = () => void register().catch(() => undefined);
  if (document.readyState === "complete") begin();
  else window.addEventListener("load", begin, { once: true });
}
