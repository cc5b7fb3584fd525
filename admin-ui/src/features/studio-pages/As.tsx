import { MultiSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { useKind } from "~/studio/drafting";

/** As whom the page is looked at; nobody: all that may stand on it is seen. */
export function As({ as, say }: { as: string[]; say(as: string[]): void }) {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const sets = useKind("permission") ?? [];
  const may = me.rights.system.includes("manage_permissions");
  return (
    <MultiSelect
      size="xs"
      searchable
      clearable
      miw={160}
      aria-label={t("studio.preview_as")}
      placeholder={as.length === 0 ? t("studio.pages.as_designer") : undefined}
      title={may ? t("studio.preview_as") : t("studio.needs_right", { right: "manage_permissions" })}
      disabled={!may}
      data={sets.map((d) => ({ value: String(d.name), label: labelOf(d, i18n.language) }))}
      value={as}
      onChange={say}
    />
  );
}
