import { ActionIcon, Menu } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { Key, Patch } from "~/api/drafts";
import type { Document } from "~/api/session";
import { type LayoutDoc, ordered, say } from "~/meta/documents";
import { type Documents, useChanging } from "~/studio/drafting";
import { nameOf } from "~/studio/patching";

/** Makes a page of its own for a record type or for phones; it begins as the one that is shown. */
export function OwnPage({ documents, document }: { documents: Documents; document: Document }) {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const [params] = useSearchParams();
  const { make } = useChanging();
  const { object, name } = document as unknown as LayoutDoc;
  const pages = [...documents.values()].filter((d) => d.kind === "layout" && d.object === object);
  const types = ordered(
    documents.get(`object/${object}`)?.record_types as Record<string, { label?: never; order?: number }>,
  );
  const untyped = types.filter((one) => !pages.some((d) => d.record_type === one.name));
  const begin = async (suffix: string, of: Patch) => {
    const fresh = nameOf(`${name}_${suffix}`, (one) => documents.has(`layout/${one}`), "layout");
    const { kind: _, name: __, record_type: ___, device: ____, ...body } = document as Key & Patch;
    if (!(await make([{ kind: "layout", name: fresh, ...body, ...of }], t("studio.made", { label: fresh })))) return;
    const kept = params.get("draft");
    go(`/studio/pages/${object}/${fresh}${kept ? `?draft=${kept}` : ""}`);
  };
  const phones = !pages.some((d) => d.device === "phone");
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon
          size={30}
          variant="default"
          disabled={!phones && untyped.length === 0}
          aria-label={t("studio.pages.own_page")}
          title={t("studio.pages.own_page")}
        >
          <IconPlus size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {untyped.map((one) => (
          <Menu.Item key={one.name} onClick={() => void begin(one.name, { record_type: one.name })}>
            {t("studio.pages.own_for", { label: say(one.label, i18n.language, one.name) })}
          </Menu.Item>
        ))}
        {phones && (
          <Menu.Item onClick={() => void begin("phone", { device: "phone" })}>
            {t("studio.pages.own_for", { label: t("studio.pages.phone") })}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
