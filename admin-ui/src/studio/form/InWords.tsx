import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Expr, filterOf, type Group, type Part, parsed, print } from "~/expr";
import type { Formats } from "~/fields";
import type { Fields } from "~/filter/fields";
import { Words } from "~/filter/Words";
import css from "./Form.module.css";

interface Props {
  text: string;
  fields: Fields;
  formats: Formats;
}

/** What an expression means, in words: conditions as filters say them, fields by their labels. */
export function InWords({ text, fields, formats }: Props) {
  const tree = parsed(text);
  if (!tree || tree.is === "path" || tree.is === "truth") return null;
  return (
    <p className={css.words}>
      <Said of={tree} fields={fields} formats={formats} />
    </p>
  );
}

interface SaidProps extends Omit<Props, "text"> {
  of: Expr;
}

/** Signs that are written otherwise than they are read. */
const signs: Record<string, string> = { "*": "×", "/": "÷", "-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠" };
/** What joins two operands by a word. */
const spoken = new Set(["contains", "startsWith", "endsWith", "matches", "in", "not in", "or", "and", "??"]);

function Said({ of, fields, formats }: SaidProps): ReactNode {
  const { t } = useTranslation();
  const say = (one: Expr) => <Said of={one} fields={fields} formats={formats} />;
  const drawn = filterOf(print(of), fields.operators);
  if (drawn.parts.some((one) => one.is !== "text")) return <Parts group={drawn} fields={fields} formats={formats} />;
  switch (of.is) {
    case "path":
      return <b>{fields.column(of.path)?.label ?? of.path}</b>;
    case "nil":
      return t("studio.says.nothing");
    case "text":
      return `“${of.value}”`;
    case "choice":
      return (
        <>
          {t("studio.says.if")} {say(of.when)}
          {t("studio.says.then")} {say(of.yes)}
          {t("studio.says.otherwise")} {say(of.no)}
        </>
      );
    case "unary":
      return of.op === "not" ? (
        <>
          {t("studio.says.not")} {say(of.of)}
        </>
      ) : (
        <>−{say(of.of)}</>
      );
    case "call":
      return (
        <>
          <code>{of.name}</code>({listed(of.args, say)})
        </>
      );
    case "list":
      return <>{listed(of.items, say)}</>;
    case "binary": {
      const sign = spoken.has(of.op) ? t(`studio.says.${of.op.replace(" ", "_").replace("??", "else")}`) : of.op;
      return (
        <>
          {operand(of.left, say)} {signs[sign] ?? sign} {operand(of.right, say)}
        </>
      );
    }
    default:
      return print(of);
  }
}

const operand = (of: Expr, say: (one: Expr) => ReactNode): ReactNode =>
  of.is === "binary" || of.is === "choice" ? <>({say(of)})</> : say(of);

const listed = (all: Expr[], say: (one: Expr) => ReactNode): ReactNode =>
  all.map((one, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: operands have no other name than their place
    <Fragment key={i}>
      {i > 0 && ", "}
      {say(one)}
    </Fragment>
  ));

/** Conditions, joined as people join them. */
function Parts({ group, fields, formats }: { group: Group; fields: Fields; formats: Formats }): ReactNode {
  const { t } = useTranslation();
  const joint = t(group.mode === "all" ? "studio.says.and" : "studio.says.or");
  const one = (part: Part): ReactNode => {
    if (part.is === "condition") return <Words part={part} fields={fields} formats={formats} />;
    if (part.is === "group") return <Parts group={part} fields={fields} formats={formats} />;
    const of = parsed(part.text);
    return of ? <Said of={of} fields={fields} formats={formats} /> : <code>{part.text}</code>;
  };
  return (
    <>
      {group.mode === "none" && `${t("studio.says.none")} `}
      {group.parts.map((part, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a condition have no other name than their place
        <Fragment key={i}>
          {i > 0 && ` ${joint} `}
          {part.is === "group" && part.mode !== "none" ? <>({one(part)})</> : one(part)}
        </Fragment>
      ))}
    </>
  );
}
