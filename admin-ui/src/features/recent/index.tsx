import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useFormats } from "~/fields/useFormats";
import { useFavourites, useRecent } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import { Title } from "~/ui/Title";
import css from "./Recent.module.css";

/** What was opened lately, or what was marked to be found again. */
export default function Recent({ favourites = false }: { favourites?: boolean }) {
  const { t } = useTranslation();
  const { model } = useSession();
  const formats = useFormats();
  const recent = useRecent();
  const marked = useFavourites();
  const shown: { object: string; id: string; name: string; at?: string }[] = favourites ? marked : recent;
  const title = t(favourites ? "recent.favourites" : "recent.title");
  const seen = shown.filter((one) => model.objects.has(one.object));
  return (
    <section className={css.page}>
      <Title>{title}</Title>
      <h1>{title}</h1>
      {seen.length === 0 ? (
        <p className="quiet">{t(favourites ? "recent.no_favourites" : "recent.none")}</p>
      ) : (
        <ul>
          {seen.map((one) => {
            const object = model.objects.get(one.object);
            return (
              <li key={`${one.object}/${one.id}`}>
                <Link to={`/o/${one.object}/${one.id}`}>
                  <Glyph name={object?.icon} />
                  <span className={css.name}>{one.name || t("recent.nameless")}</span>
                  <span className={css.kind}>{object?.label}</span>
                  {one.at && (
                    <time dateTime={one.at} title={formats.datetime(one.at)}>
                      {formats.moment(one.at)}
                    </time>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
