import { Button, Modal, MultiSelect } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { useKind } from "~/studio/drafting";

interface Props {
  close(): void;
  open(as: string[]): void;
}

/** Asks as whom the workspace is to be looked at, and opens it in a tab of its own. */
export function PreviewAs({ close, open }: Props) {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const sets = useKind("permission") ?? [];
  const [as, setAs] = useState<string[]>([]);
  const may = me.rights.system.includes("manage_permissions");
  return (
    <Modal opened onClose={close} title={t("studio.preview")} closeButtonProps={{ "aria-label": t("app.close") }}>
      <p className="quiet">{t("studio.preview_says")}</p>
      <MultiSelect
        size="xs"
        label={t("studio.preview_as")}
        description={may ? t("studio.preview_as_says") : t("studio.needs_right", { right: "manage_permissions" })}
        disabled={!may}
        searchable
        data={sets.map((d) => ({ value: String(d.name), label: labelOf(d, i18n.language) }))}
        value={as}
        onChange={setAs}
      />
      <Button
        size="xs"
        mt="sm"
        data-autofocus
        onClick={() => {
          close();
          open(as);
        }}
      >
        {t("studio.preview_open")}
      </Button>
    </Modal>
  );
}
