import type { ReactNode, Ref } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Formats, typeOf } from "~/fields";
import type { Column } from "~/meta/model";
import css from "./Field.module.css";

interface FrameProps {
  column: Column;
  wide?: boolean;
  /** Something has to be entered there. */
  wanted?: boolean;
  place?: Ref<HTMLDivElement>;
  children: ReactNode;
}

/** A field on a page: what it is called above what it holds. */
export function FieldFrame({ column: { field }, wide, wanted, place, children }: FrameProps) {
  return (
    <div ref={place} className={css.field} data-wide={wide || typeOf(field.shows).stands} data-name={field.name}>
      <div className={css.label} title={field.help}>
        {field.label}
        {wanted && <span className="bad"> *</span>}
      </div>
      {children}
    </div>
  );
}

interface ShownProps {
  column: Column;
  value: unknown;
  name?: string | null;
  formats: Formats;
}

/** What a field holds; the name of a record leads to it. */
export function Shown({ column, value, name, formats }: ShownProps) {
  const { t } = useTranslation();
  const { field } = column;
  if (value === null || value === undefined) return <span className={css.empty}>{t("record.empty")}</span>;
  const shown = typeOf(field.shows).cell(value as never, { field, formats, name });
  const { targets, shows } = field;
  if (shows === "any_lookup") {
    const to = value as { object: string; id: string };
    return <Link to={`/o/${to.object}/${to.id}`}>{shown}</Link>;
  }
  if ((shows === "lookup" || shows === "user") && targets[0])
    return <Link to={`/o/${targets[0]}/${value}`}>{shown}</Link>;
  return shown;
}
