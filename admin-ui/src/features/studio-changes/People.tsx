import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Draft, type DraftPeople, draftPeople } from "~/api/drafts";
import { say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import { useDocuments } from "~/studio/drafting";
import css from "./Changes.module.css";

type Group = DraftPeople["groups"][number];
type Reach = Group["objects"][number];

/** Who gains and who loses access to what, in numbers with examples; nothing where nobody does. */
export function People({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const found = useQuery({
    queryKey: [me.tenant, "drafts", draft.id, "people", draft.changed_at, draft.newest],
    queryFn: () => draftPeople(draft.id),
    staleTime: 60_000,
  }).data;
  if (!found || found.groups.length === 0) return null;
  return (
    <section className={css.part} aria-label={t("studio.people")}>
      <h2>{t("studio.people")}</h2>
      <ul className={css.list}>
        {found.groups.map((group) => (
          <li key={`${group.sets} ${group.role}`}>
            <OneGroup group={group} />
          </li>
        ))}
      </ul>
      {found.partial && <p className="quiet small">{t("studio.people_partial")}</p>}
    </section>
  );
}

function OneGroup({ group }: { group: Group }) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const called = (kind: string, name: string) =>
    say((documents?.get(`${kind}/${name}`) as { label?: never } | undefined)?.label, i18n.language, name);
  const listed = (some: string[]) => new Intl.ListFormat(i18n.language).format(some);
  const [first] = group.examples;
  return (
    <>
      <div className={css.line}>
        <span>
          {group.sets.length > 0 ? listed(group.sets.map((set) => called("permission", set))) : t("studio.without_set")}
          {group.role && ` · ${called("role", group.role)}`}
        </span>
        <span className="quiet small">
          {t("studio.people_count", { count: group.count })}{" "}
          {t("studio.such_as", { names: listed(group.examples.map(({ name }) => name)) })}
        </span>
      </div>
      <dl className={css.parts}>
        <Change place="" gained={group.gained} lost={group.lost} />
        {group.objects.map((reach) => (
          <ObjectOf key={reach.object} reach={reach} label={called("object", reach.object)} name={first?.name ?? ""} />
        ))}
      </dl>
    </>
  );
}

function ObjectOf({ reach, label, name }: { reach: Reach; label: string; name: string }) {
  const { t, i18n } = useTranslation();
  const right = (one: string | undefined) => t(`studio.right_on.${one ?? "none"}`);
  const records = (some: NonNullable<Reach["more"]>) => {
    const count = t(some.at_least ? "studio.records_at_least" : "studio.records", { count: some.count });
    const names = new Intl.ListFormat(i18n.language).format(some.examples.map((one) => one.name));
    return names ? `${count}, ${t("studio.such_as", { names })}` : count;
  };
  return (
    <>
      <Change place={label} gained={reach.gained?.map(right)} lost={reach.lost?.map(right)} />
      {reach.fields?.map(({ field, before, after }) => (
        <div key={field} style={{ display: "contents" }}>
          <dt>
            {label} › {field}
          </dt>
          <dd>
            <del>{right(before)}</del> <ins>{right(after)}</ins>
          </dd>
        </div>
      ))}
      {reach.more && (
        <div style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>
            <ins>{t("studio.records_more", { name, records: records(reach.more) })}</ins>
          </dd>
        </div>
      )}
      {reach.fewer && (
        <div style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>
            <del style={{ textDecoration: "none" }}>
              {t("studio.records_fewer", { name, records: records(reach.fewer) })}
            </del>
          </dd>
        </div>
      )}
    </>
  );
}

function Change({ place, gained = [], lost = [] }: { place: string; gained?: string[]; lost?: string[] }) {
  const { t } = useTranslation();
  if (gained.length + lost.length === 0) return null;
  return (
    <div style={{ display: "contents" }}>
      <dt>{place}</dt>
      <dd>
        {lost.length > 0 && (
          <del style={{ textDecoration: "none" }}>
            {t("studio.loses")}: {lost.join(", ")}
          </del>
        )}{" "}
        {gained.length > 0 && (
          <ins>
            {t("studio.gains")}: {gained.join(", ")}
          </ins>
        )}
      </dd>
    </div>
  );
}
