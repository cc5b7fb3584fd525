import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSession, zoneOf } from "~/meta/session";
import { type Formats, formatsOf } from "./formats";

/** How values are written for the person who is logged in. */
export function useFormats(): Formats {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const timeZone = zoneOf(me);
  return useMemo(
    () => formatsOf(i18n.language, timeZone, (key) => t(key as never), me.settings.formats),
    [t, i18n.language, timeZone, me.settings.formats],
  );
}
