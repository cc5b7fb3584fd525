import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { IconCheck, IconChevronDown, IconEye, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { discardDraft, makeDraft, renameDraft } from "~/api/drafts";
import { lookAt } from "~/api/looking";
import { useSession } from "~/meta/session";
import { draftsKey, useDrafting, usePlan } from "~/studio/drafting";
import { notify } from "~/ui/notices";
import { PreviewAs } from "./PreviewAs";
import css from "./Studio.module.css";

/** The draft that is worked on, above every part of the studio. */
export function Strip() {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const { draft, all, choose } = useDrafting();
  const plan = usePlan();
  const [asks, setAsks] = useState<"new" | "rename" | "look">();
  const changes = draft?.documents.length ?? 0;
  const problems = plan.data?.problems.length ?? 0;
  const may = me.rights.system.includes("manage_metadata");
  const act = async (step: () => Promise<{ id: string } | undefined>) => {
    try {
      const made = await step();
      await cache.invalidateQueries({ queryKey: draftsKey(me.tenant) });
      if (made) choose(made.id);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
  };
  return (
    <section className={css.strip} aria-label={t("studio.draft")}>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            justify="start"
            rightSection={<IconChevronDown size={14} />}
          >
            {draft ? t("studio.draft_is", { label: draft.label }) : t("studio.no_draft")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah="60vh" className="scrolls">
          {all.map((one) => (
            <Menu.Item
              key={one.id}
              leftSection={<IconCheck size={14} style={{ opacity: one.id === draft?.id ? 1 : 0 }} />}
              onClick={() => choose(one.id)}
            >
              {one.label}{" "}
              <span className="quiet small">{t("studio.changes_count", { count: one.documents.length })}</span>
            </Menu.Item>
          ))}
          {draft && (
            <Menu.Item leftSection={<span style={{ width: 14 }} />} onClick={() => choose(undefined)}>
              {t("studio.without")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<IconPlus size={14} />} disabled={!may} onClick={() => setAsks("new")}>
            {t("studio.new_draft")}
          </Menu.Item>
          {draft && (
            <>
              <Menu.Item leftSection={<IconPencil size={14} />} disabled={!may} onClick={() => setAsks("rename")}>
                {t("studio.rename_draft")}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconTrash size={14} />}
                color="red"
                disabled={!may}
                onClick={() =>
                  void act(async () => {
                    await discardDraft(draft.id);
                    choose(undefined);
                    return undefined;
                  })
                }
              >
                {t("studio.discard_draft")}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {problems > 0 && (
        <Link to={`/studio/changes?draft=${draft?.id}`} className="bad">
          {t("studio.problems_count", { count: problems })}
        </Link>
      )}
      {draft && <Link to={`/studio/changes?draft=${draft.id}`}>{t("studio.changes_count", { count: changes })}</Link>}
      <Button size="compact-sm" variant="default" leftSection={<IconEye size={14} />} onClick={() => setAsks("look")}>
        {t("studio.preview")}
      </Button>
      {changes > 0 ? (
        <Button size="compact-sm" component={Link} to={`/studio/changes?draft=${draft?.id}`}>
          {t("studio.publish")}
        </Button>
      ) : (
        <Button size="compact-sm" disabled title={t("studio.nothing_changed")}>
          {t("studio.publish")}
        </Button>
      )}
      {(asks === "new" || asks === "rename") && (
        <Naming
          title={t(asks === "new" ? "studio.new_draft" : "studio.rename_draft")}
          label={asks === "rename" ? (draft?.label ?? "") : ""}
          close={() => setAsks(undefined)}
          say={(label) =>
            void act(() => (asks === "rename" && draft ? renameDraft(draft.id, label) : makeDraft(label)))
          }
        />
      )}
      {asks === "look" && (
        <PreviewAs
          close={() => setAsks(undefined)}
          open={(as) => window.open(lookAt({ draft: draft?.id ?? "", as }), "_blank")}
        />
      )}
    </section>
  );
}

interface NamingProps {
  title: string;
  label: string;
  close(): void;
  say(label: string): void;
}

function Naming({ title, label, close, say }: NamingProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(label);
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("app.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
          say(text.trim());
        }}
      >
        <TextInput
          size="xs"
          data-autofocus
          label={t("studio.draft_label")}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" mt="sm" disabled={!text.trim()}>
          {t("studio.keep")}
        </Button>
      </form>
    </Modal>
  );
}
