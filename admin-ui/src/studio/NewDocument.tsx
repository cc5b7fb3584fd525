import { ActionIcon, Button, Modal, Select, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { begins } from "./begins";
import { useChanging, useDocuments } from "./drafting";
import { addressOf } from "./kinds";
import { nameOf } from "./patching";

/** Makes a document of one of some kinds, of what it is called, and opens it. */
export function NewDocument({ kinds }: { kinds: readonly string[] }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        size={30}
        variant="default"
        aria-label={t("studio.new")}
        title={t("studio.new")}
        onClick={() => setOpen(true)}
      >
        <IconPlus size={16} />
      </ActionIcon>
      {open && <Making kinds={kinds} close={() => setOpen(false)} />}
    </>
  );
}

function Making({ kinds, close }: { kinds: readonly string[]; close(): void }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const changing = useChanging();
  const [kind, setKind] = useState(kinds[0] ?? "");
  const [label, setLabel] = useState("");
  const [object, setObject] = useState<string | null>(null);
  const objects = [...(documents?.values() ?? [])]
    .filter((d) => d.kind === "object")
    .map((d) => String(d.name))
    .sort();
  const ofObject = ["layout", "view", "form", "sharing", "policy", "template", "workflow"].includes(kind);
  const submit = async () => {
    const name = nameOf(label, (one) => !!documents?.has(`${kind}/${one}`), kind);
    close();
    const made = {
      label: label.trim(),
      ...(ofObject && object && kind !== "workflow" ? { object } : {}),
      ...begins[kind]?.({ name, object: object ?? "", documents }),
    };
    if (await changing.make([{ kind, name, ...made }], t("studio.made", { label }))) {
      go(addressOf({ kind, name, object: object ?? undefined }, params.get("draft") ?? undefined));
    }
  };
  return (
    <Modal opened onClose={close} title={t("studio.new")} closeButtonProps={{ "aria-label": t("app.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
        style={{ display: "grid", gap: 12 }}
      >
        {kinds.length > 1 && (
          <Select
            size="xs"
            label={t("studio.what")}
            data={kinds.map((one) => ({ value: one, label: t(`studio.kind.${one}`) }))}
            value={kind}
            allowDeselect={false}
            onChange={(next) => setKind(next ?? kind)}
          />
        )}
        <TextInput
          size="xs"
          data-autofocus
          label={t("studio.label")}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        {ofObject && (
          <Select
            size="xs"
            searchable
            label={t("studio.of_object")}
            data={objects}
            value={object}
            onChange={setObject}
          />
        )}
        <Button
          type="submit"
          size="xs"
          disabled={!label.trim() || (ofObject && !object)}
          style={{ justifySelf: "start" }}
        >
          {t("studio.make")}
        </Button>
      </form>
    </Modal>
  );
}
