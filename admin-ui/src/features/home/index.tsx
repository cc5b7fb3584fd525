import { useTranslation } from "react-i18next";
import { listOf } from "~/fields/groups";
import { type DashboardDoc, ordered, say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import css from "./Home.module.css";
import { Part } from "./Part";
import { type Pending as PendingType, widgetType } from "./widget";

/** A dashboard: what it shows, and how wide, its document says. */
export default function Home({ dashboard, Pending }: { dashboard: DashboardDoc; Pending: PendingType }) {
  const { i18n } = useTranslation();
  const { model } = useSession();
  return (
    <section className={css.page}>
      <h1>{say(dashboard.label, i18n.language, dashboard.name)}</h1>
      <div className={css.widgets}>
        {ordered(dashboard.widgets).map((widget) => {
          const type = widgetType(widget.type);
          if (!type) return null;
          const own = say(widget.label, i18n.language, widget.name);
          if ("Part" in type) return <type.Part key={widget.name} widget={widget} label={own} Pending={Pending} />;
          if (type.leads !== undefined) {
            return (
              <Part key={widget.name} widget={widget} label={own} to={type.leads}>
                <type.Body widget={widget} label={own} />
              </Part>
            );
          }
          const object = model.objects.get(widget.object ?? "");
          if (!object) return null;
          const label = say(widget.label, i18n.language, object.plural);
          return (
            <Part key={widget.name} widget={widget} label={label} to={listOf(object, widget.filter)}>
              <type.Body widget={widget} object={object} label={label} />
            </Part>
          );
        })}
      </div>
    </section>
  );
}
