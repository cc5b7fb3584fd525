import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listOf } from "~/fields/groups";
import { type DashboardDoc, ordered, say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import css from "./Home.module.css";
import { widgetType } from "./widget";

/** A dashboard: what it shows, and how wide, its document says. */
export default function Home({ dashboard }: { dashboard: DashboardDoc }) {
  const { i18n } = useTranslation();
  const { model } = useSession();
  return (
    <section className={css.page}>
      <h1>{say(dashboard.label, i18n.language, dashboard.name)}</h1>
      <div className={css.widgets}>
        {ordered(dashboard.widgets).map((widget) => {
          const object = model.objects.get(widget.object);
          const type = widgetType(widget.type);
          if (!object || !type) return null;
          const label = say(widget.label, i18n.language, object.plural);
          return (
            <section key={widget.name} className={css.widget} data-width={widget.width ?? 2} aria-label={label}>
              <h2 className={css.heading}>
                <Link to={listOf(object, widget.filter)} className={css.title}>
                  {label}
                </Link>
              </h2>
              <type.Body widget={widget} object={object} label={label} />
            </section>
          );
        })}
      </div>
    </section>
  );
}
