import { useTranslation } from "react-i18next";
import { type Condition, type Expr, type Part, print } from "~/expr";
import { type Formats, typeOf } from "~/fields";
import { askedOf, valueIn } from "~/fields/kinds";
import { useName } from "~/fields/useName";
import type { Field } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { Fields } from "./fields";

interface Props {
  part: Part;
  fields: Fields;
  formats: Formats;
}

/** A part of a filter in words. */
export function Words({ part, fields, formats }: Props) {
  const { t } = useTranslation();
  if (part.is === "text") return <code>{part.text}</code>;
  if (part.is === "condition") return <ConditionWords condition={part} fields={fields} formats={formats} />;
  return (
    <>
      {t(`list.mode.${part.mode}`)}:{" "}
      {part.parts.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a filter have no other name than their place
        <span key={i}>
          {i > 0 && "; "}
          <Words part={one} fields={fields} formats={formats} />
        </span>
      ))}
    </>
  );
}

function ConditionWords({ condition, fields, formats }: { condition: Condition } & Omit<Props, "part">) {
  const { t } = useTranslation();
  const column = fields.column(condition.path);
  if (!column) return null;
  const operator = fields.operators(condition.path)?.find((one) => one.id === condition.operator);
  const days = operator?.of === "count";
  const count = condition.values[0];
  return (
    <>
      {column.label}{" "}
      <span className="quiet">
        {t(`list.op.${condition.operator}` as "list.op.is", {
          days: days && count?.is === "number" ? count.text : "…",
        })}
      </span>
      {!days &&
        condition.values.map((value, i) => (
          <span key={print(value)}>
            {i === 0 ? " " : condition.operator === "between" ? " – " : ", "}
            <ValueWords field={column.field} value={value} formats={formats} />
          </span>
        ))}
      {!days && operator && operator.takes !== 0 && condition.values.length === 0 && " …"}
    </>
  );
}

export function ValueWords({ field: of, value, formats }: { field: Field; value: Expr; formats: Formats }) {
  const { t } = useTranslation();
  const { model } = useSession();
  const field = askedOf(of);
  if (value.is === "path" && (value.path === "user.id" || value.path === "user")) return <>{t("list.me")}</>;
  const called = value.is === "path" && model.called.get(value.path);
  if (called) return <span title={value.path}>{called}</span>;
  const plain = valueIn(field.shows, value);
  if (value.is === "call" && value.name === "today" && value.args.length === 0) return <>{t("ways.today")}</>;
  if (plain === undefined) return <code>{print(value)}</code>;
  if (field.targets.length === 1) return <NameOf object={field.targets[0] as string} id={String(plain)} />;
  const shown = field.shows === "multi_picklist" ? [plain] : plain; // an option among several stands as a list of one
  return <>{typeOf(field.shows).text(shown, { field, formats })}</>;
}

/** The name of a record, which a filter knows by its id. */
function NameOf({ object, id }: { object: string; id: string }) {
  const { t } = useTranslation();
  const name = useName(object, id);
  return <>{name === undefined ? "…" : (name ?? t("record.hidden"))}</>;
}
