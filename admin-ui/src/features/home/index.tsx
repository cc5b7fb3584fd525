import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listOf } from "~/fields/groups";
import { type DashboardDoc, ordered, say } from "~/meta/documents";
import { useSession } from "~/meta/session";
import css from "./Home.module.css";
import { type OwnProps, widgetType } from "./widget";

/** A dashboard: what it shows, and how wide, its document says. */
export default function Home({ dashboard }: { dashboard: DashboardDoc }) {
  const { i18n } = useTranslation();
  const { model } = useSession();
  return (
    <section className={css.page}>
      <h1>{say(dashboard.label, i18n.language, dashboard.name)}</h1>
      <div className={css.widgets}>
        {ordered(dashboard.widgets).map((widget) => {
          const type = widgetType(widget.type);
          if (!type) return null;
          if (type.leads !== undefined) {
            const label = say(widget.label, i18n.language, widget.name);
            return (
              <Part key={widget.name} widget={widget} label={label} to={type.leads}>
                <type.Body widget={widget} label={label} />
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

/** A widget under a heading that leads to what is behind it. */
function Part({ widget, label, to, children }: OwnProps & { to: string; children: ReactNode }) {
  return (
    <section className={css.widget} data-width={widget.width ?? 2} aria-label={label}>
      <h2 className={css.heading}>
        <Link to={to} className={css.title}>
          {label}
        </Link>
      </h2>
      {children}
    </section>
  );
}
