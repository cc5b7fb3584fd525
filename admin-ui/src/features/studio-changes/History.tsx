import { Button, Modal } from "@mantine/core";
import { IconRestore } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { difference, type Key, type Plan, planRestoring, type Revision, restore, revisions } from "~/api/drafts";
import { useFormats } from "~/fields/useFormats";
import { sessionKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { notify } from "~/ui/notices";
import css from "./Changes.module.css";
import { Impacts, undecided } from "./Impacts";
import { Parts } from "./Parts";

interface Back {
  to: number;
  key?: Key;
  plan: Plan;
}

/** What was published, newest first; each can be gone back to. */
export function History() {
  const { t } = useTranslation();
  const { me } = useSession();
  const found = useInfiniteQuery({
    queryKey: [me.tenant, "revisions"],
    queryFn: ({ pageParam }) => revisions(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const [back, setBack] = useState<Back>();
  const restoring = useRestoring(setBack);
  if (found.isError) return <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />;
  const all = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className={css.part} aria-label={t("studio.history")}>
      <ul className={css.list}>
        {all.map((one, i) => (
          <Line key={one.revision} revision={one} newest={i === 0} restore={restoring.begin} />
        ))}
      </ul>
      {found.hasNextPage && (
        <Button
          size="xs"
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("studio.earlier")}
        </Button>
      )}
      {back && <Asking back={back} close={() => setBack(undefined)} restore={restoring.finish} />}
    </section>
  );
}

/** Goes back: at once where nothing is lost by it, and else once each loss is ticked. */
function useRestoring(ask: (back: Back | undefined) => void) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const finish = async (to: number, key: Key | undefined, allow: string[]) => {
    try {
      const { revision } = await restore(to, t("studio.restored_message", { revision: to }), key, allow);
      notify({ text: t("studio.restored", { revision: to, next: revision }) });
      ask(undefined);
      await cache.invalidateQueries({ queryKey: [me.tenant] });
      await cache.invalidateQueries({ queryKey: sessionKey });
    } catch (error) {
      notify({
        text: refusal(error)?.errors?.[0]?.detail ?? refusal(error)?.detail ?? t("error.offline"),
        tone: "bad",
      });
    }
  };
  const begin = async (to: number, key?: Key) => {
    try {
      const plan = await planRestoring(to, key);
      if (plan.problems.length > 0 || undecided(plan.impact, []) > 0) ask({ to, key, plan });
      else await finish(to, key, []);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
  };
  return { begin, finish };
}

interface AskingProps {
  back: Back;
  close(): void;
  restore(to: number, key: Key | undefined, allow: string[]): Promise<void>;
}

function Asking({ back: { to, key, plan }, close, restore }: AskingProps) {
  const { t } = useTranslation();
  const [allowed, allow] = useState<string[]>([]);
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("studio.restore_to", { revision: to })}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      {plan.problems.map((one) => (
        <p key={`${one.document} ${one.pointer} ${one.code}`} className="bad">
          {one.document} {one.detail}
        </p>
      ))}
      <Impacts impact={plan.impact} allowed={allowed} allow={allow} />
      <Button
        size="xs"
        mt="sm"
        disabled={plan.problems.length > 0 || undecided(plan.impact, allowed) > 0}
        onClick={() => void restore(to, key, allowed)}
      >
        {t("studio.restore")}
      </Button>
    </Modal>
  );
}

interface LineProps {
  revision: Revision;
  newest: boolean;
  restore(to: number, key?: Key): Promise<void>;
}

function Line({ revision, newest, restore }: LineProps) {
  const { t } = useTranslation();
  const { me } = useSession();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const may = me.rights.system.includes("manage_metadata");
  const changes = useQuery({
    queryKey: [me.tenant, "revisions", revision.revision],
    queryFn: () => difference(revision.revision),
    enabled: open && revision.revision > 1,
    staleTime: Number.POSITIVE_INFINITY,
  }).data?.changes;
  return (
    <li>
      <div className={css.line}>
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {revision.message || t("studio.no_message")}
        </button>
        <span className="quiet small">
          {t("studio.revision", { revision: revision.revision })} · {formats.datetime(revision.at)}
        </span>
        {newest ? (
          <span className="quiet small">{t("studio.in_use")}</span>
        ) : (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconRestore size={14} />}
            disabled={!may}
            aria-label={t("studio.restore_to", { revision: revision.revision })}
            onClick={() => void restore(revision.revision)}
          >
            {t("studio.restore")}
          </Button>
        )}
      </div>
      {open &&
        changes?.map((one) => (
          <div key={`${one.kind}/${one.name}`}>
            <div className={css.line}>
              <span>
                <code>
                  {one.kind}/{one.name}
                </code>{" "}
                <span className="quiet small">{t(`studio.did.${one.change}`)}</span>
              </span>
              <Button
                size="compact-xs"
                variant="subtle"
                disabled={!may}
                onClick={() => void restore(revision.revision - 1, { kind: one.kind, name: one.name })}
              >
                {t("studio.as_before")}
              </Button>
            </div>
            {one.change === "changed" && <Parts parts={one.parts} />}
          </div>
        ))}
    </li>
  );
}
