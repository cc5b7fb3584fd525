import { ActionIcon, Button, Modal } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { useSession } from "~/meta/session";
import { asChanges, useChanging, useDocuments } from "~/studio/drafting";
import { nameOf } from "~/studio/patching";
import { Called, useCalled } from "./Called";
import { objectOf, setsOf } from "./made";
import { ChooseFile } from "./Spreadsheet";

/** A new object: a name, and it has a list, a page, a place in an app and the rights of the maker's sets. */
export function NewObject() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        size={30}
        variant="default"
        aria-label={t("studio.new_object")}
        title={t("studio.new_object")}
        onClick={() => setOpen(true)}
      >
        <IconPlus size={16} />
      </ActionIcon>
      {open && <Making close={() => setOpen(false)} />}
    </>
  );
}

function Making({ close }: { close(): void }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const go = useNavigate();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const { patchAll } = useChanging();
  const called = useCalled(documents?.values() ?? []);
  const { label } = called;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const name = nameOf(label, (one) => !!documents?.has(`object/${one}`), "object");
    const sets = setsOf(documents?.values() ?? [], me.user.permissions);
    const { made, patches } = objectOf({ name, ...called.said }, sets);
    close();
    if (!(await patchAll([...asChanges(made), ...patches], t("studio.made", { label })))) return;
    const draft = params.get("draft");
    go(`/studio/objects/${name}${draft ? `?draft=${draft}` : ""}`);
  };
  return (
    <Modal opened onClose={close} title={t("studio.new_object")} closeButtonProps={{ "aria-label": t("app.close") }}>
      <form onSubmit={(event) => void submit(event)} style={{ display: "grid", gap: 12 }}>
        <Called called={called} />
        <p className="quiet small" style={{ margin: 0 }}>
          {t("studio.new_object_says")}
        </p>
        <Button type="submit" size="xs" disabled={!label.trim()} style={{ justifySelf: "start" }}>
          {t("studio.make")}
        </Button>
        <ChooseFile chosen={close} />
      </form>
    </Modal>
  );
}
