import { Button, CopyButton, Modal, Textarea, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { encode } from "uqr";
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
        <Code text={address} name={form.name} />
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

/** The address as a QR code, to be printed. */
function Code({ text, name }: { text: string; name: string }) {
  const { t } = useTranslation();
  const { size, path } = useMemo(() => {
    const { data } = encode(text, { ecc: "M", border: 4 });
    const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? `M${x} ${y}h1v1h-1z` : [])));
    return { size: data.length, path: dark.join("") };
  }, [text]);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`;
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    link.download = `${name}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <svg viewBox={`0 0 ${size} ${size}`} width={168} height={168} role="img" aria-label={t("studio.forms.qr")}>
        <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
        <path d={path} />
      </svg>
      <Button size="compact-sm" variant="default" style={{ justifySelf: "start" }} onClick={save}>
        {t("studio.forms.qr_save")}
      </Button>
    </>
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
