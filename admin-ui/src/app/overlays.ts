// What lies over the page at the moment, and the width of the side bar.
import { create } from "zustand";

interface Overlays {
  open?: "palette" | "help" | "menu";
  /** What the palette begins with. */
  words: string;
  narrow: boolean;
}

const key = "formwork.side";

export const useOverlays = create<Overlays>(() => ({
  words: "",
  narrow: globalThis.localStorage?.getItem(key) === "narrow",
}));

export const openPalette = (words = "") =>
  useOverlays.setState((s) => (s.open === "palette" ? { open: undefined } : { open: "palette", words }));
export const openHelp = () => useOverlays.setState({ open: "help" });
export const openMenu = () => useOverlays.setState({ open: "menu" });
export const closeOverlay = () => useOverlays.setState({ open: undefined });

export const toggleSide = () =>
  useOverlays.setState((s) => {
    localStorage.setItem(key, s.narrow ? "wide" : "narrow");
    return { narrow: !s.narrow };
  });
