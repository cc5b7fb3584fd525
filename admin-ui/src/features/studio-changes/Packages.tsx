import { Button, TextInput } from "@mantine/core";
import { IconFileImport, IconPackage } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { type Asked, type Package, packages, planUpgrade, upgrade } from "~/api/packages";
import { sessionKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { documentsKey, useDocuments } from "~/studio/drafting";
import { Failure } from "~/ui/Failure";
import { notify } from "~/ui/notices";
import { readBundle } from "./bundle";
import css from "./Changes.module.css";
import { Impacts, undecided } from "./Impacts";
import { MakePackage } from "./MakePackage";
import { Parts } from "./Parts";
import { type Decisions, Sides } from "./Sides";

/** What the configuration is built of, what comes along, and other versions of it. */
export function Packages() {
  const { t, i18n } = useTranslation();
  const { me } = useSession();
  const documents = useDocuments();
  const found = useQuery({ queryKey: [me.tenant, "packages"], queryFn: packages });
  const [chosen, choose] = useState<{ name: string; documents?: Asked["documents"] }>();
  const [making, make] = useState(false);
  if (!me.rights.system.includes("manage_metadata"))
    return <Failure says={t("studio.needs_right", { right: "manage_metadata" })} />;
  if (found.isError) return <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />;
  const called = (name: string) => {
    const document = documents?.get(`package/${name}`);
    return document ? labelOf(document, i18n.language) : name;
  };
  const open = async (file: File) => {
    const bundle = readBundle(await file.text());
    if (bundle) choose(bundle as never);
    else notify({ text: t("studio.packages.no_file"), tone: "bad" });
  };
  if (chosen)
    return <Upgrading key={chosen.name} {...chosen} called={called(chosen.name)} close={() => choose(undefined)} />;
  if (making) return <MakePackage close={() => make(false)} />;
  return (
    <section className={css.part} aria-label={t("studio.packages.title")}>
      <div className={css.line}>
        <span className="quiet">{t("studio.packages.says")}</span>
        <label className={`link ${css.file}`}>
          <IconFileImport size={14} aria-hidden /> {t("studio.packages.from_file")}
          <input
            type="file"
            accept=".json,application/json"
            aria-label={t("studio.packages.from_file")}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) void open(file);
              event.currentTarget.value = "";
            }}
          />
        </label>
        <Button size="compact-xs" variant="default" leftSection={<IconPackage size={14} />} onClick={() => make(true)}>
          {t("studio.packages.make")}
        </Button>
      </div>
      <ul className={css.list}>
        {found.data?.map((one) => (
          <li key={one.name}>
            <div className={css.line}>
              <span>
                <strong>{called(one.name)}</strong> <code className="small quiet">{one.name}</code>{" "}
                {one.version && <span className="quiet">{t("studio.packages.version", { version: one.version })}</span>}
              </span>
              <Offer one={one} choose={() => choose({ name: one.name })} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What can be done with a package that comes along. */
function Offer({ one, choose }: { one: Package; choose(): void }) {
  const { t } = useTranslation();
  if (!one.available || one.available === one.version)
    return <span className="quiet small">{t(one.available ? "studio.packages.newest" : "studio.packages.own")}</span>;
  return (
    <Button size="compact-xs" onClick={choose}>
      {t(one.version ? "studio.packages.to" : "studio.packages.install", { version: one.available })}
    </Button>
  );
}

/** Another version of a package on its way in: conflicts, what it does to live data, what it changes. */
function Upgrading(props: { name: string; documents?: Asked["documents"]; called: string; close(): void }) {
  const { name, documents, called, close } = props;
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [decided, decide] = useState<Decisions>({});
  const [allowed, allow] = useState<string[]>([]);
  const [message, setMessage] = useState("");
  const plan = useQuery({
    queryKey: [me.tenant, "packages", name, "plan", decided],
    queryFn: () => planUpgrade(name, { documents, decide: decided }),
    placeholderData: (former) => former,
    retry: false,
  });
  const run = useMutation({
    mutationFn: () => upgrade(name, { documents, decide: decided, allow: allowed, message, base: plan.data?.base }),
    onSuccess: async ({ revision }) => {
      notify({ text: t("studio.published", { revision }) });
      close();
      await cache.invalidateQueries({ queryKey: [me.tenant, "packages"] });
      await cache.invalidateQueries({ queryKey: documentsKey(me.tenant, undefined) });
      await cache.invalidateQueries({ queryKey: sessionKey });
    },
    onError: (error) => {
      const why = refusal(error);
      notify({ text: why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"), tone: "bad" });
      void plan.refetch();
    },
  });
  const back = (
    <Button size="compact-xs" variant="subtle" onClick={close} style={{ justifySelf: "start" }}>
      {t("studio.packages.back")}
    </Button>
  );
  if (plan.isError && !plan.data) {
    const why = refusal(plan.error);
    return (
      <>
        {back}
        <Failure says={why?.errors?.[0]?.detail ?? why?.detail} again={() => void plan.refetch()} />
      </>
    );
  }
  if (!plan.data) return back;
  const { conflicts, impact, changes, problems, packages: versions } = plan.data;
  const open = conflicts.filter(({ path }) => !decided[path]).length;
  const left = undecided(impact, allowed);
  const why =
    problems.length > 0
      ? t("studio.problems_first", { count: problems.length })
      : open > 0
        ? t("studio.packages.conflicts_first", { count: open })
        : left > 0
          ? t("studio.ticks_first", { count: left })
          : undefined;
  const all = (side: "ours" | "theirs") => decide(Object.fromEntries(conflicts.map(({ path }) => [path, side])));
  return (
    <>
      {back}
      <h2>
        {called} {versions.map(({ from, to }) => [from, to].filter(Boolean).join(" → ")).join(", ")}
      </h2>
      {problems.length > 0 && (
        <ul className={css.list}>
          {problems.map((one) => (
            <li key={`${one.document} ${one.pointer} ${one.code}`} data-bad>
              {one.document && <code className="small">{one.document}</code>} {one.detail}
            </li>
          ))}
        </ul>
      )}
      {conflicts.length > 0 && (
        <section className={css.part} aria-label={t("studio.packages.conflicts")}>
          <h2>{t("studio.packages.conflicts")}</h2>
          <div className={css.line}>
            <span className="quiet">{t("studio.packages.conflicts_say", { count: conflicts.length })}</span>
            <Button size="compact-xs" variant="default" onClick={() => all("ours")}>
              {t("studio.packages.all_ours")}
            </Button>
            <Button size="compact-xs" variant="default" onClick={() => all("theirs")}>
              {t("studio.packages.all_theirs")}
            </Button>
          </div>
          <Sides
            conflicts={conflicts}
            decided={decided}
            decide={decide}
            called={{
              theirs: t("studio.packages.theirs"),
              ours: t("studio.packages.ours"),
              take: t("studio.packages.take"),
              keep: t("studio.packages.keep"),
            }}
          />
        </section>
      )}
      <Impacts impact={impact} allowed={allowed} allow={allow} />
      <section className={css.part} aria-label={t("studio.changes")}>
        <h2>{t("studio.changes")}</h2>
        <ul className={css.list}>
          {changes.slice(0, 200).map((one) => (
            <li key={`${one.kind}/${one.name}`}>
              <details>
                <summary>
                  {one.name}{" "}
                  <span className="quiet small">
                    {t(`studio.kind.${one.kind}`)} · {t(`studio.did.${one.change}`)}
                  </span>
                </summary>
                {one.parts && <Parts parts={one.parts} />}
              </details>
            </li>
          ))}
        </ul>
      </section>
      <div className={css.publish}>
        <TextInput
          size="xs"
          label={t("studio.message")}
          maxLength={300}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        {why && <span className="quiet">{why}</span>}
        <Button size="xs" loading={run.isPending} disabled={!!why || plan.isFetching} onClick={() => run.mutate()}>
          {t("studio.packages.do")}
        </Button>
      </div>
    </>
  );
}
