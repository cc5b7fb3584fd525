import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { type Conflict, type Draft, type DraftPlan, publishDraft, rebaseDraft } from "~/api/drafts";
import { sessionKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { documentsKey, draftsKey, settled, useChanging, useDocuments, usePlan } from "~/studio/drafting";
import { addressOf } from "~/studio/kinds";
import { Failure } from "~/ui/Failure";
import { notify } from "~/ui/notices";
import css from "./Changes.module.css";
import { Impacts, undecided } from "./Impacts";
import { Parts } from "./Parts";
import { People } from "./People";

/** A draft on its way to being published: what stands in its way, what it does, what it says. */
export function Publishing({ draft, done }: { draft: Draft; done(): void }) {
  const { t } = useTranslation();
  const found = usePlan();
  if (draft.documents.length === 0) return <p className={css.empty}>{t("studio.nothing_changed")}</p>;
  if (found.isError) return <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />;
  if (!found.data) return null;
  return <Planned draft={draft} plan={found.data} done={done} />;
}

function Planned({ draft, plan, done }: { draft: Draft; plan: DraftPlan; done(): void }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [allowed, allow] = useState<string[]>([]);
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  const left = undecided(plan.impact, allowed);
  const why = !me.rights.system.includes("manage_metadata")
    ? t("studio.needs_right", { right: "manage_metadata" })
    : plan.problems.length > 0
      ? t("studio.problems_first", { count: plan.problems.length })
      : plan.conflicts.length > 0
        ? t("studio.conflicts_first")
        : left > 0
          ? t("studio.ticks_first", { count: left })
          : undefined;
  const publish = async () => {
    setBusy(true);
    try {
      await settled();
      const { revision } = await publishDraft(draft.id, message.trim(), allowed);
      notify({ text: t("studio.published", { revision }) });
      cache.setQueryData<Draft[]>(draftsKey(me.tenant), (now) => now?.filter((one) => one.id !== draft.id));
      done();
      // Not what was of the draft, which is gone.
      await cache.invalidateQueries({ queryKey: draftsKey(me.tenant), exact: true });
      await cache.invalidateQueries({ queryKey: documentsKey(me.tenant, undefined) });
      await cache.invalidateQueries({ queryKey: sessionKey });
    } catch (error) {
      const problem = refusal(error);
      notify({ text: problem?.errors?.[0]?.detail ?? problem?.detail ?? t("error.offline"), tone: "bad" });
      void cache.invalidateQueries({ queryKey: [me.tenant, "drafts"] });
    }
    setBusy(false);
  };
  return (
    <>
      {plan.conflicts.length > 0 && <Conflicts draft={draft} conflicts={plan.conflicts} />}
      {plan.problems.length > 0 && (
        <section className={css.part} aria-label={t("studio.problems")}>
          <h2>{t("studio.problems")}</h2>
          <ul className={css.list}>
            {plan.problems.map((one) => (
              <li key={`${one.document} ${one.pointer} ${one.code} ${one.column}`} data-bad>
                <div className={css.line}>
                  <span>{one.detail}</span>
                  {one.document && (
                    <Link to={addressOf(named(one.document), draft.id)}>
                      <code className="small">
                        {one.document}
                        {one.pointer}
                      </code>
                    </Link>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
      {plan.problems.length === 0 && <People draft={draft} />}
      <Impacts impact={plan.impact} allowed={allowed} allow={allow} />
      {plan.warnings.length > 0 && (
        <details className={css.part}>
          <summary>{t("studio.warnings", { count: plan.warnings.length })}</summary>
          <ul className={css.list}>
            {plan.warnings.map((one) => (
              <li key={`${one.document} ${one.pointer} ${one.code}`}>
                {one.document && <code className="small quiet">{one.document}</code>}
                <span>{one.detail}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Documents draft={draft} plan={plan} />
      <div className={css.publish}>
        <TextInput
          size="xs"
          label={t("studio.message")}
          placeholder={draft.label}
          maxLength={300}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        {why && <span className="quiet">{why}</span>}
        <Button size="xs" loading={busy} disabled={!!why} onClick={() => void publish()}>
          {t("studio.publish")}
        </Button>
      </div>
    </>
  );
}

const named = (document: string) => {
  const [kind = "", name = ""] = document.split("/");
  return { kind, name };
};

/** The documents that the draft changes, each with what differs, and a way back. */
function Documents({ draft, plan }: { draft: Draft; plan: DraftPlan }) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { revert } = useChanging();
  return (
    <section className={css.part} aria-label={t("studio.changes")}>
      <h2>{t("studio.changes")}</h2>
      <ul className={css.list}>
        {draft.documents.map((one) => {
          const key = `${one.kind}/${one.name}`;
          const parts = plan.changes.find((c) => c.kind === one.kind && c.name === one.name)?.parts ?? [];
          const document = documents?.get(key);
          return (
            <li key={key}>
              <div className={css.line}>
                <span>
                  <Link to={addressOf(one, draft.id)}>{document ? labelOf(document, i18n.language) : one.name}</Link>{" "}
                  <span className="quiet small">
                    {t(`studio.kind.${one.kind}`)} · {t(`studio.did.${one.change}`)}
                  </span>
                </span>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  leftSection={<IconArrowBackUp size={14} />}
                  onClick={() => void revert(one)}
                >
                  {t("studio.revert")}
                </Button>
              </div>
              {one.change === "changed" && <Parts parts={parts} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Places that somebody else published differently meanwhile, side by side. */
function Conflicts({ draft, conflicts }: { draft: Draft; conflicts: Conflict[] }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [decided, decide] = useState<Record<string, "ours" | "theirs">>({});
  const side = (value: unknown) => (
    <pre>{value === undefined ? t("studio.nothing_there") : JSON.stringify(value, null, 2)}</pre>
  );
  const take = async () => {
    try {
      await rebaseDraft(draft.id, decided);
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant, "drafts"] });
  };
  return (
    <section className={css.part} aria-label={t("studio.conflicts")}>
      <h2>{t("studio.conflicts")}</h2>
      <p className="quiet">{t("studio.conflicts_says")}</p>
      <ul className={css.list}>
        {conflicts.map(({ path, base, theirs, ours }) => (
          <li key={path} data-bad>
            <code className="small">{path}</code>
            <div className={css.sides}>
              <div>
                <span className="small quiet">{t("studio.before")}</span>
                {side(base)}
              </div>
              <div>
                <span className="small quiet">{t("studio.theirs")}</span>
                {side(theirs)}
              </div>
              <div>
                <span className="small quiet">{t("studio.ours")}</span>
                {side(ours)}
              </div>
            </div>
            <SegmentedControl
              size="xs"
              aria-label={path}
              value={decided[path] ?? ""}
              onChange={(next) => decide((now) => ({ ...now, [path]: next as "ours" | "theirs" }))}
              data={[
                { value: "theirs", label: t("studio.take_theirs") },
                { value: "ours", label: t("studio.keep_ours") },
              ]}
            />
          </li>
        ))}
      </ul>
      <Button
        size="xs"
        style={{ justifySelf: "start" }}
        disabled={conflicts.some(({ path }) => !decided[path])}
        onClick={() => void take()}
      >
        {t("studio.decide")}
      </Button>
    </section>
  );
}
