import { Button, CopyButton, Modal, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSession } from "~/meta/session";
import css from "./Forms.module.css";
import type { FormDoc } from "./shaped";

/** What a page of another site has in it that shows a form as tall as it is. */
const snippet = (address: string, title: string) =>
  `<iframe id="formwork-form" src="${address}" title="${title}" style="width:100%;border:0" height="600"></iframe>
<script>
addEventListener("message", function (e) {
  if (e.origin === "${new URL(address).origin}" && e.data.formwork) document.getElementById("formwork-form").height = e.data.formwork.height;
});
</script>`;

/** Where a form is, and how a site shows it. */
export function Share({ form, close }: { form: FormDoc; close(): void }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const address = `${location.origin}/f/${encodeURIComponent(me.tenant)}/${form.name}`;
  const text = snippet(address, form.name);
  const sites = form.embed ?? [];
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("studio.forms.share")}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      <div className={css.sharing}>
        <p className="quiet">{t("studio.forms.share_says")}</p>
        <TextInput size="xs" label={t("studio.forms.address")} readOnly value={address} />
        <Copy text={address} />
        <p className="quiet">
          {sites.length > 0 ? t("studio.forms.embed_by", { sites: sites.join(", ") }) : t("studio.forms.embed_none")}
        </p>
        {sites.length > 0 && (
          <>
            <Textarea size="xs" label={t("studio.forms.snippet")} readOnly autosize value={text} />
            <Copy text={text} />
          </>
        )}
      </div>
    </Modal>
  );
}

function Copy({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button size="compact-sm" variant="default" style={{ justifySelf: "start" }} onClick={copy}>
          {copied ? t("studio.forms.copied") : t("studio.forms.copy")}
        </Button>
      )}
    </CopyButton>
  );
}
