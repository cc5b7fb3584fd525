import { type ComponentProps, lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Route, Routes as Switch, useMatch, useNavigate, useSearchParams } from "react-router";
import { ListTransfer } from "~/features/import/ListTransfer";
import { ListPage } from "~/features/list/ListPage";
import { useObject, useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Bin, Home, ImportPage, Inbox, Me, Recent, RecordPage, Studio } from "./pages";
import { placesOf } from "./places";
import { Shell } from "./shell/Shell";
import { ways } from "./ways";

/** What opening a record from a list needs, beforehand: the script of its page, and what the page shows. */
const Ahead = lazy(async () => (await Promise.all([import("./Ahead"), RecordPage.fetch()]))[0]);
const Create = lazy(() => import("./Create"));
const PeekAt = lazy(() => import("./Peek"));
const PendingThere = lazy(() => import("./Pending"));

/** A record beside others. The page stays while the script of it comes. */
const Peek = (props: ComponentProps<typeof PeekAt>) => (
  <Suspense fallback={null}>
    <PeekAt {...props} />
  </Suspense>
);

/** Something that waits for a decision. The page stays while the script of it comes. */
const Pending = (props: ComponentProps<typeof PendingThere>) => (
  <Suspense fallback={null}>
    <PendingThere {...props} />
  </Suspense>
);

export function Routes() {
  return (
    <Shell>
      <Suspense fallback={null}>
        <Switch>
          <Route path="/" element={<Start />} />
          <Route
            path="/o/:object"
            element={<ListPage ways={ways} transfer={ListTransfer} Ahead={Ahead} Peek={Peek} />}
          />
          <Route path="/o/:object/import" element={<ImportPage />} />
          <Route path="/o/:object/bin" element={<Bin />} />
          <Route path="/o/:object/:id" element={<RecordPage />} />
          <Route path="/recent" element={<Recent />} />
          <Route path="/favourites" element={<Recent favourites />} />
          <Route path="/inbox" element={<Inbox Peek={Peek} />} />
          <Route path="/me" element={<Me />} />
          <Route path="/studio/*" element={<Studio />} />
          <Route path="*" element={<Lost />} />
        </Switch>
      </Suspense>
      <Suspense fallback={null}>
        <Creating />
      </Suspense>
    </Shell>
  );
}

/** An address that nothing is at. */
function Lost() {
  const { t } = useTranslation();
  return <Failure says={t("app.lost")} lost />;
}

/** The first dashboard; where there is none, the first page of the first app. */
function Start() {
  const { model } = useSession();
  const dashboard = model.dashboards[0];
  if (dashboard) return <Home dashboard={dashboard} Pending={Pending} />;
  const first = placesOf(model, model.language)[0]?.places[0];
  return first ? <Navigate to={first.to} replace /> : null;
}

/** The panel of a new record, over whatever page says so: `create` names the object, else the list's is meant; `new` has values. */
function Creating() {
  const [at, setAt] = useSearchParams();
  const list = useMatch("/o/:object");
  const object = useObject(at.get("create") ?? list?.params.object);
  const go = useNavigate();
  const given = at.get("new");
  if (!object?.can.create || given === null) return null;
  const close = () => {
    const next = new URLSearchParams(at);
    next.delete("new");
    next.delete("create");
    setAt(next, { replace: true });
  };
  return (
    <Create
      key={object.name}
      object={object}
      given={given}
      onClose={close}
      onCreated={(id) => go(`/o/${object.name}/${id}`, { replace: true })}
    />
  );
}
