import { Button, Select } from "@mantine/core";
import { IconCheck, IconQuestionMark, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Explanation, explain, type Grant, type Question } from "~/api/access";
import { refusal } from "~/api/client";
import { read } from "~/api/records";
import { find } from "~/fields/find";
import { ReferenceInput } from "~/fields/ReferenceInput";
import { useFormats } from "~/fields/useFormats";
import { enteredField } from "~/meta/model";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments, useDrafting } from "~/studio/drafting";
import { addressOf } from "~/studio/kinds";
import { Failure } from "~/ui/Failure";
import css from "./Access.module.css";
import { changeOf } from "./grants";

const actions = ["read", "update", "create", "delete"] as const;

/** Why somebody may or may not do something, and the least that makes it otherwise, ready to go into the draft. */
export function Why() {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const [params, setParams] = useSearchParams();
  const { draft } = useDrafting();
  const get = (name: string) => params.get(name) ?? "";
  const set = (changes: Record<string, string | null>) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(changes))
          if (value) next.set(name, value);
          else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const object = model.objects.get(get("object"));
  const action = (get("action") || "read") as Question["action"];
  const question: Question = {
    user: get("user"),
    object: get("object"),
    action,
    ...(get("id") && action !== "create" ? { id: get("id") } : {}),
    ...(get("field") ? { field: get("field") } : {}),
  };
  const asks = question.user !== "" && question.object !== "";
  const asked = useQuery({
    queryKey: [me.tenant, "why", model.revision, JSON.stringify(question)],
    queryFn: () => explain(question),
    enabled: asks,
    retry: false,
  });
  const changed = (draft?.documents.length ?? 0) > 0;
  const then = useQuery({
    queryKey: [me.tenant, "why", draft?.id, draft?.changed_at, JSON.stringify(question)],
    queryFn: () => explain(question, draft?.id),
    enabled: asks && changed,
    retry: false,
  });
  const objects = [...model.objects.values()]
    .map((one) => ({ value: one.name, label: one.label }))
    .sort((a, b) => a.label.localeCompare(b.label));
  return (
    <>
      <h1>{t("studio.access.why")}</h1>
      <div className={css.asks}>
        <Pick label={t("studio.access.person")} object="user" value={get("user")} change={(user) => set({ user })} />
        <Select
          size="xs"
          label={t("studio.access.action")}
          allowDeselect={false}
          data={actions.map((one) => ({ value: one, label: t(`studio.access.right.${one}`) }))}
          value={action}
          onChange={(next) => set({ action: next })}
        />
        <Select
          size="xs"
          searchable
          label={t("studio.of_object")}
          data={objects}
          value={get("object") || null}
          onChange={(next) => set({ object: next, id: null, field: null })}
        />
        {object && action !== "create" && (
          <Pick
            key={object.name}
            label={t("studio.access.record")}
            object={object.name}
            value={get("id")}
            change={(id) => set({ id })}
          />
        )}
        {object && action !== "delete" && (
          <Select
            size="xs"
            searchable
            clearable
            label={t("studio.access.field")}
            data={[...object.fields.values()].map((one) => ({ value: one.name, label: one.label }))}
            value={get("field") || null}
            onChange={(next) => set({ field: next })}
          />
        )}
      </div>
      {asked.isError && <Failure says={refusal(asked.error)?.detail} />}
      {asked.data && <Answer answer={asked.data} then={then.data} person={question.user} />}
    </>
  );
}

/** Finds a record of an object by words. */
function Pick(props: { label: string; object: string; value: string; change(id: string | null): void }) {
  const { label, object, value, change } = props;
  const { model } = useSession();
  const formats = useFormats();
  return (
    <ReferenceInput
      field={{ ...enteredField(model, object, { type: "lookup", object }), label }}
      formats={formats}
      target={object}
      label={label}
      value={value || null}
      candidates={find(model, object)}
      onChange={change}
    />
  );
}

function Answer({ answer, then, person }: { answer: Explanation; then?: Explanation; person: string }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const draft = params.get("draft") ?? undefined;
  return (
    <section className={css.answer} aria-label={t("studio.access.answer")}>
      <h2>
        <span role="status" className={answer.allowed ? "ok" : "bad"}>
          {t(answer.allowed ? "studio.access.allowed" : "studio.access.refused")}
          {then && then.allowed !== answer.allowed && (
            <> {t(then.allowed ? "studio.access.then_allowed" : "studio.access.then_refused")}</>
          )}
        </span>
      </h2>
      <ul>
        {answer.reasons.map((one, i) => {
          const [kind = "", name = ""] = one.document?.split("/") ?? [];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: reasons have no other name than their place
            <li key={i}>
              {one.holds === true ? (
                <IconCheck size={16} aria-label={t("studio.access.holds")} />
              ) : one.holds === false ? (
                <IconX size={16} aria-label={t("studio.access.fails")} />
              ) : (
                <IconQuestionMark size={16} aria-label={t("studio.access.depends")} />
              )}
              <span>{one.detail}</span>
              {one.document ? <Link to={addressOf({ kind, name }, draft)}>{t("studio.access.see")}</Link> : <span />}
            </li>
          );
        })}
      </ul>
      {answer.grants.length > 0 && (
        <>
          <h2>{t("studio.access.grants")}</h2>
          <ul>
            {answer.grants.map((one) => (
              <Granting key={one.detail} grant={one} person={person} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** One change that is needed, with the button that puts it into the draft. */
function Granting({ grant, person }: { grant: Grant; person: string }) {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const documents = useDocuments();
  const { patch } = useChanging();
  const widens = grant.document?.kind === "permission";
  const [done, setDone] = useState(false);
  const had = useQuery({
    queryKey: [me.tenant, "user", person, "permissions"],
    queryFn: ({ signal }) => read("user", person, ["id", "permissions"], signal),
    enabled: widens,
    retry: false,
  }).data;
  const sets = ((had?.permissions as string[] | null | undefined) ?? []).filter((one) =>
    documents?.has(`permission/${one}`),
  );
  const [chosen, choose] = useState<string | null>(null);
  const set = chosen ?? sets[0] ?? null;
  const change = documents && changeOf(grant, set, documents);
  return (
    <li>
      <span />
      <span>
        {grant.detail}
        {widens && sets.length > 0 && (
          <Select
            size="xs"
            mt={4}
            label={t("studio.access.widen")}
            allowDeselect={false}
            data={sets.map((one) => {
              const document = documents?.get(`permission/${one}`);
              return { value: one, label: document ? labelOf(document, i18n.language) : one };
            })}
            value={set}
            onChange={choose}
          />
        )}
        {(grant.sets?.length ?? 0) > 0 && (
          <span className="quiet small">
            {" "}
            {t("studio.access.sets")}{" "}
            {grant.sets
              ?.slice(0, 5)
              .map((one) => {
                const document = documents?.get(`permission/${one}`);
                return document ? labelOf(document, i18n.language) : one;
              })
              .join(", ")}
          </span>
        )}
      </span>
      {done && !change && <span className="quiet small">{t("studio.access.in_draft")}</span>}
      {change && (
        <Button
          size="compact-xs"
          disabled={done}
          onClick={() => {
            setDone(true);
            void patch(change.key, change.patch, t("studio.access.granted")).then((stored) => setDone(stored));
          }}
        >
          {t(done ? "studio.access.in_draft" : "studio.access.to_draft")}
        </Button>
      )}
    </li>
  );
}
