import { useLayoutEffect } from "react";
import { closeOverlay, useOverlays } from "../overlays";

/**
 * Keeps what is typed while the palette is still coming. It hears the last letter before the palette is in the document,
 * which begins with what was typed by then.
 */
export function Early() {
  useLayoutEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const { words } = useOverlays.getState();
      if (event.key === "Backspace") useOverlays.setState({ words: words.slice(0, -1) });
      else if (event.key.length === 1) useOverlays.setState({ words: words + event.key });
      else if (event.key === "Escape") closeOverlay();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener("keydown", hear, { capture: true });
    return () => window.removeEventListener("keydown", hear, { capture: true });
  }, []);
  return null;
}
