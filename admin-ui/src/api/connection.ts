// Whether the server can be reached. What every request finds out is noted in react-query's onlineManager, the one
// place that says it; while it can't be reached it is asked, and once it can, what is shown is read anew.
import { onlineManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const first = 500; // ms until it is asked again, twice as long each time
const longest = 30_000;

/** Notes that the server answered, or that nothing did. */
export const noteReached = (reached: boolean) => onlineManager.setOnline(reached);

/** An answer that a proxy gave since it reached no server: one of the server's own is a problem document. */
export const isUnreached = (answer: Response) =>
  [502, 503, 504].includes(answer.status) && !answer.headers.get("Content-Type")?.includes("json");

let asking = false;

/** Asks whether the server is there, when something makes one doubt it. */
export async function doubt() {
  if (asking) return;
  asking = true;
  const answer = await fetch("/api/v1/session", { method: "HEAD" }).catch(() => undefined);
  asking = false;
  noteReached(answer !== undefined && !isUnreached(answer));
}

/** Watches over the connection for as long as the page is there. */
export function watchConnection() {
  // The browser knows when it has no network. That it has one doesn't say that the server can be reached.
  onlineManager.setEventListener(() => undefined);
  noteReached(navigator.onLine);
  window.addEventListener("offline", () => noteReached(false));
  window.addEventListener("online", () => void doubt());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !onlineManager.isOnline()) void doubt();
  });
  let wait = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    clearTimeout(timer);
    if (onlineManager.isOnline()) {
      wait = first;
      return;
    }
    timer = setTimeout(() => void doubt().then(again), wait);
    wait = Math.min(2 * wait, longest);
  };
  onlineManager.subscribe(again);
  again();
}

export const useReached = () =>
  useSyncExternalStore(onlineManager.subscribe.bind(onlineManager), () => onlineManager.isOnline());
