import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useFormats } from "~/fields/useFormats";
import { useRecent } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import css from "../Home.module.css";
import type { OwnProps, WidgetType } from "../widget";

const usual = 5;

/** What somebody opened last. */
function Body({ widget }: OwnProps) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const recent = useRecent().filter((one) => model.objects.has(one.object));
  if (recent.length === 0) return <p className="quiet">{t("recent.none")}</p>;
  return (
    <ul className={css.list} style={{ "--others": 2 } as CSSProperties}>
      {recent.slice(0, widget.limit ?? usual).map((one) => (
        <li key={`${one.object}/${one.id}`}>
          <Link to={`/o/${one.object}/${one.id}`}>
            <Glyph name={model.objects.get(one.object)?.icon} /> {one.name || t("recent.nameless")}
          </Link>
          <span>{model.objects.get(one.object)?.label}</span>
          <time dateTime={one.at}>{formats.datetime(one.at)}</time>
        </li>
      ))}
    </ul>
  );
}

export default { type: "recent", leads: "/recent", Body } satisfies WidgetType;
