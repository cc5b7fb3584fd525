import { lazy, Suspense } from "react";
import { Navigate, Route, Routes as Switch, useNavigate, useParams, useSearchParams } from "react-router";
import { ListPage } from "~/features/list/ListPage";
import { ordered } from "~/meta/documents";
import { useObject, useSession } from "~/meta/session";
import { Shell } from "./Shell";
import { ways } from "./ways";

const RecordPage = lazy(() => import("~/features/record").then((m) => ({ default: m.RecordPage })));
const Create = lazy(() => import("./Create"));

export function Routes() {
  return (
    <Shell>
      <Suspense fallback={null}>
        <Switch>
          <Route path="/" element={<Start />} />
          <Route path="/o/:object" element={<Listing />} />
          <Route path="/o/:object/:id" element={<RecordPage />} />
          <Route path="*" element={<Navigate to="/" replace />} />
        </Switch>
      </Suspense>
    </Shell>
  );
}

/** The first page of the first app. */
function Start() {
  const { model } = useSession();
  for (const app of model.apps)
    for (const item of ordered(app.items))
      if (item.object && model.objects.has(item.object))
        return <Navigate to={`/o/${item.object}?view=${item.view ?? ""}`} replace />;
  return null;
}

/** A list, with the panel of a new record over it while the address says so. */
function Listing() {
  const [at, setAt] = useSearchParams();
  const object = useObject(useParams().object);
  const go = useNavigate();
  const given = at.get("new");
  return (
    <>
      <ListPage ways={ways} />
      {object && given !== null && (
        <Create
          object={object}
          given={given}
          onClose={() => {
            const next = new URLSearchParams(at);
            next.delete("new");
            setAt(next, { replace: true });
          }}
          onCreated={(id) => go(`/o/${object.name}/${id}`, { replace: true })}
        />
      )}
    </>
  );
}
