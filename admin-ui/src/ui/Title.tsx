import { useEffect } from "react";
import { create } from "zustand";
import { isolated } from "~/i18n/isolated";

/** What the page that is shown is called, for the tab of the browser and the path to it. */
export const useTitle = create<{ title?: string }>(() => ({}));

/** Says what a page is called while it is shown. */
export function Title({ children }: { children: string }) {
  useEffect(() => {
    useTitle.setState({ title: children });
    document.title = `${isolated(children)} · Formwork`;
    return () => {
      useTitle.setState({ title: undefined });
      document.title = "Formwork";
    };
  }, [children]);
  return null;
}
