import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useDesigning } from "./designing";
import { around, keyOfThing, nameOfThing, type Path } from "./edits";
import css from "./Pages.module.css";

interface Props {
  path: Path;
  /** Things of its sort stand beside each other, or below. */
  axis: "x" | "y";
  /** It is of the page but not placed by it, and stays where it is. */
  fixed?: boolean;
  /** Why it isn't seen at the moment. */
  unseen?: string;
  wide?: boolean;
  /** What is drawn of it; things in it are `children`. */
  face: ReactNode;
  children?: ReactNode;
}

/** A thing on the page: it is chosen by a press, dragged, and something is put before it. */
export function Thing({ path, axis, fixed = false, unseen, wide, face, children }: Props) {
  const { t } = useTranslation();
  const { chosen, choose, ask, adding, called } = useDesigning();
  const key = keyOfThing(path);
  const label = called(path);
  const isChosen = chosen !== undefined && keyOfThing(chosen) === key;
  const isBefore = adding?.before === nameOfThing(path) && keyOfThing(adding.collection) === keyOfThing(around(path));
  if (fixed) return <div className={css.fixed}>{face}</div>;
  return (
    <div
      className={css.thing}
      data-thing={key}
      data-axis={axis}
      data-chosen={isChosen || undefined}
      data-adding={isBefore || undefined}
      data-unseen={unseen ? true : undefined}
      data-wide={wide || undefined}
      title={unseen}
    >
      <div className={css.face}>
        <div inert>{face}</div>
        <button
          type="button"
          className={css.cover}
          data-grip
          aria-pressed={isChosen}
          aria-label={t("studio.settings_of", { label })}
          onClick={() => choose(path)}
        />
        <button
          type="button"
          className={css.plus}
          aria-label={t("studio.pages.add_before", { label })}
          title={t("studio.pages.add_before", { label })}
          onClick={() => ask({ collection: around(path), before: nameOfThing(path) })}
        >
          <IconPlus size={12} aria-hidden />
        </button>
      </div>
      {children}
    </div>
  );
}

/** The place behind the last thing of a collection. */
export function Last({ collection }: { collection: Path }) {
  const { t } = useTranslation();
  const { ask, adding } = useDesigning();
  const is = adding && adding.before === undefined && keyOfThing(adding.collection) === keyOfThing(collection);
  return (
    <button
      type="button"
      className={css.last}
      data-into={keyOfThing(collection)}
      data-adding={is || undefined}
      onClick={() => ask({ collection })}
    >
      <IconPlus size={14} aria-hidden />
      {t(`studio.pages.add.${collection.at(-1)}`)}
    </button>
  );
}
