import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { i18n, nearest } from "~/i18n";
import { Offline, refusal } from "./client";
import { type Link, linkOf } from "./linked";

const linkBehind = () => linkOf(location.hash);

/** What somebody is asked by the link of the page, which is then in the language in which they are. To read it does nothing else. */
export function useLinked<T extends { language?: string }>(
  read: (link: Link, language: string) => Promise<T>,
  find: () => Link | undefined = linkBehind,
) {
  const { i18n: speaks } = useTranslation();
  const language = speaks.language;
  const [link] = useState(find);
  const [asked, setAsked] = useState<T>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    if (!link) return;
    let left = false;
    read(link, i18n.language).then(
      (found) => {
        if (left) return;
        setAsked(found);
        if (found.language) void i18n.changeLanguage(nearest(found.language));
      },
      (error) => !left && setProblem(said(error)),
    );
    return () => {
      left = true;
    };
  }, [link, read]);
  return { link, asked, language, problem, setProblem };
}

/** What went wrong, as people are told it. */
export const said = (error: unknown): string =>
  refusal(error)?.detail ?? i18n.t(error instanceof Offline ? "error.offline" : "error.internal");
