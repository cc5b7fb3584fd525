import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, Route, Routes as Switch, useLocation, useSearchParams } from "react-router";
import { useSession } from "~/meta/session";
import { type Section, sections } from "~/studio/kinds";
import { Failure } from "~/ui/Failure";
import { Title } from "~/ui/Title";
import { Strip } from "./Strip";
import css from "./Studio.module.css";

const Access = lazy(() => import("~/features/studio-access"));
const Flows = lazy(() => import("~/features/studio-flows"));
const Objects = lazy(() => import("~/features/studio-objects"));
const Documents = lazy(() => import("~/features/studio-documents"));
const Pages = lazy(() => import("~/features/studio-pages"));
const Forms = lazy(() => import("~/features/studio-forms"));
const Changes = lazy(() => import("~/features/studio-changes"));

/** The second zone: where the configuration is shaped. */
export default function Studio() {
  const { t } = useTranslation();
  const { me } = useSession();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  if (!me.rights.system.includes("view_setup"))
    return <Failure says={t("studio.needs_right", { right: "view_setup" })} lost />;
  const at = pathname.split("/")[2];
  const part = at === "forms" ? "pages" : at;
  const draft = params.get("draft");
  const to = (one: string) => `/studio/${one}${draft ? `?draft=${draft}` : ""}`;
  return (
    <div className={css.studio}>
      <Title>{t("studio.title")}</Title>
      <Strip />
      <nav className={css.tabs} aria-label={t("studio.title")}>
        {[...Object.keys(sections), "changes"].map((one) => (
          <Link key={one} to={to(one)} aria-current={one === part ? "page" : undefined}>
            {t(`studio.section.${one}`)}
          </Link>
        ))}
      </nav>
      <div className={css.body}>
        <Suspense fallback={null}>
          <Switch>
            <Route path="/" element={<Navigate to={to("objects")} replace />} />
            <Route path="objects" element={<Objects />} />
            <Route path="objects/picklist/:name" element={<Documents section="objects" kind="picklist" />} />
            <Route path="objects/:name" element={<Objects />} />
            <Route path="objects/:name/:tab" element={<Objects />} />
            {!params.has("as") && <Route path="automation/workflow/:name" element={<Flows />} />}
            <Route path="access" element={<Access />} />
            <Route path="access/why" element={<Access way="why" />} />
            <Route path="access/pivot" element={<Access way="pivot" />} />
            <Route path="access/roles" element={<Access way="roles" />} />
            {!params.has("as") && <Route path="access/permission/:name" element={<Access />} />}
            {!params.has("as") && <Route path="access/policy/:name" element={<Access kind="policy" />} />}
            <Route path="pages" element={<Documents section="pages" />} />
            {sections.pages.map((kind) => (
              <Route key={kind} path={`pages/${kind}/:name`} element={<Documents section="pages" kind={kind} />} />
            ))}
            <Route path="pages/:object" element={<Pages />} />
            <Route path="pages/:object/:layout" element={<Pages />} />
            <Route path="pages/:object/views/:view" element={<Pages />} />
            <Route path="pages/shape/:kind/:name" element={<Pages />} />
            {(Object.keys(sections) as Section[])
              .filter((one) => one !== "objects" && one !== "pages")
              .flatMap((one) => [
                <Route key={one} path={one} element={<Documents section={one} />} />,
                <Route key={`${one}/`} path={`${one}/:kind/:name`} element={<Documents section={one} />} />,
              ])}
            <Route path="forms/:name" element={<Forms />} />
            <Route path="changes" element={<Changes />} />
            <Route path="*" element={<Failure says={t("app.lost")} lost />} />
          </Switch>
        </Suspense>
      </div>
    </div>
  );
}
