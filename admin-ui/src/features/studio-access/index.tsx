import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { DocumentList } from "~/studio/DocumentList";
import { useDocuments } from "~/studio/drafting";
import { sections } from "~/studio/kinds";
import { NewDocument } from "~/studio/NewDocument";
import css from "./Access.module.css";
import { Pivot } from "./Pivot";
import { Rego } from "./Rego";
import { Roles } from "./Roles";
import { SetMatrix } from "./SetMatrix";
import { Why } from "./Why";

/** Ways to look at access besides its documents. */
const ways = ["why", "pivot", "roles"] as const;
export type Way = (typeof ways)[number];

/** Who may do what: permission sets as a matrix, by object, why somebody may, roles as a tree, and policies of their own. */
export default function Access({ way, kind = "permission" }: { way?: Way; kind?: "permission" | "policy" }) {
  const { t } = useTranslation();
  const { name } = useParams();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const current = name ? `${kind}/${name}` : undefined;
  const document = current ? documents?.get(current) : undefined;
  const draft = params.get("draft");
  return (
    <div className={css.page} data-open={!!way || !!current}>
      <div className={css.side}>
        <nav className={css.ways} aria-label={t("studio.section.access")}>
          {ways.map((one) => (
            <Link
              key={one}
              to={`/studio/access/${one}${draft ? `?draft=${draft}` : ""}`}
              aria-current={one === way ? "page" : undefined}
            >
              {t(`studio.access.${one}`)}
            </Link>
          ))}
        </nav>
        <DocumentList kinds={sections.access} current={current} action={<NewDocument kinds={sections.access} />} />
      </div>
      <div className={css.main}>
        {way === "why" ? (
          <Why />
        ) : way === "pivot" ? (
          <Pivot />
        ) : way === "roles" ? (
          <Roles />
        ) : document && kind === "policy" ? (
          <Rego key={current} document={document} />
        ) : document ? (
          <SetMatrix key={current} document={document} />
        ) : (
          <p className="quiet">{documents && current ? t("app.lost") : t("studio.choose")}</p>
        )}
      </div>
    </div>
  );
}
