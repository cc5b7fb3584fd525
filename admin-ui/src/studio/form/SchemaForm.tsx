import { useTranslation } from "react-i18next";
import type { Json } from "../patching";
import { requiredOf, type Schema, shapeOf, titleOfType } from "../shape";
import {
  BooleanControl,
  ChoiceControl,
  ChoicesControl,
  JsonControl,
  ListControl,
  NumberControl,
  TextControl,
} from "./controls";
import { Entries } from "./Entries";
import { ExpressionControl } from "./ExpressionControl";
import css from "./Form.module.css";
import { Rows } from "./Rows";
import { TextsControl } from "./TextsControl";

export interface FormProps {
  /** The schema of the kind of documents, in which others are referred to. */
  root: Schema;
  schema: Schema;
  value: Json;
  /** Where the value is in its document. */
  path?: string[];
  change(path: string[], value: Json | undefined): void;
  /** Members that are drawn elsewhere. */
  without?: string[];
  /** Members that come first, in order. */
  first?: string[];
  /** Names that fit at a place. */
  suggests?(path: string[]): string[] | undefined;
  /** What people call an option of a choice at a place. */
  called?(path: string[], option: string): string | undefined;
  /** What is wrong at a place, as its pointer. */
  problems?: Map<string, string>;
  /** The object whose fields expressions read. */
  object?: string;
  /** What they read besides, such as `steps`: of an expression that does nothing is said here, but by the plan. */
  roots?: readonly string[];
}

export type Members = { [name: string]: Json };
export const membersOf = (value: Json): Members =>
  typeof value === "object" && value !== null ? (value as Members) : {};

/** Draws what a schema says a value consists of. What it can't draw is shown as text, and stays as it is. */
export function SchemaForm(props: FormProps) {
  const { root, schema, value, path = [], without = [], first = [] } = props;
  const shape = shapeOf(root, schema, value);
  if (shape.is !== "group")
    return <Place {...props} name={path.at(-1) ?? ""} schema={schema} value={value} path={path} />;
  const wanted = requiredOf(root, schema, value);
  const members = membersOf(value);
  const rank = (name: string) => {
    const at = first.indexOf(name);
    return at >= 0 ? at : wanted.has(name) ? first.length : first.length + 1;
  };
  const names = [...shape.members.keys()].filter((name) => !without.includes(name));
  names.sort((a, b) => rank(a) - rank(b));
  return (
    <div className={css.group}>
      {names.map((name) => (
        <Place
          {...props}
          key={name}
          name={name}
          schema={shape.members.get(name) as Schema}
          value={members[name]}
          path={[...path, name]}
          required={wanted.has(name)}
          beside={members}
        />
      ))}
    </div>
  );
}

interface PlaceProps extends FormProps {
  name: string;
  path: string[];
  required?: boolean;
  /** The members around it. */
  beside?: Members;
}

/** The object that an expression is over: that of its record, or the one that a filter chooses from. */
function readBy(name: string, beside: Members | undefined, object: string | undefined): string | undefined {
  if (name === "choose_when") return undefined; // over what may be chosen, and the record besides
  return name === "filter" && typeof beside?.object === "string" ? beside.object : object;
}

/** Members whose expressions compute values; those of others are conditions. */
const computes = new Set(["expression", "default_expr", "value", "values"]);

/** One place of a document. */
function Place({ name, required = false, beside, ...props }: PlaceProps) {
  const { t, i18n } = useTranslation();
  const { root, schema, value, path, change, suggests, called, problems, object } = props;
  const shape = shapeOf(root, schema, value, required);
  const label = shape.title ?? name.replaceAll("_", " ");
  const all = {
    shape,
    label,
    value: value as never,
    say: (next: Json | undefined) => change(path, next),
    suggests: suggests?.(path),
    called: (option: string) => {
      const text = `studio.choice.${option}`;
      const own =
        called?.(path, option) ??
        (name === "type" ? titleOfType(root, path.at(-2) === "trigger" ? "trigger" : "step", option) : undefined);
      return own ?? (i18n.exists(text) ? t(text) : option.replaceAll("_", " "));
    },
    problem: problems?.get(`/${path.join("/")}`),
  };
  switch (shape.is) {
    case "text":
      return <TextControl {...all} />;
    case "texts":
      return <TextsControl {...all} />;
    case "boolean":
      return <BooleanControl {...all} />;
    case "number":
      return <NumberControl {...all} />;
    case "choice":
      return <ChoiceControl {...all} />;
    case "choices":
      return <ChoicesControl {...all} />;
    case "list":
      return <ListControl {...all} />;
    case "expression":
    case "condition":
      return (
        <ExpressionControl
          {...all}
          object={readBy(name, beside, object)}
          points={!computes.has(name)}
          roots={props.roots}
        />
      );
    case "rows":
      return <Rows {...props} shape={shape} label={label} />;
    case "map":
      return <Entries {...props} shape={shape} label={label} />;
    case "group":
      return (
        <fieldset className={css.group}>
          <legend>{label}</legend>
          {shape.says && <p className="quiet small">{shape.says}</p>}
          <div className={css.inner}>
            <SchemaForm {...props} without={[]} first={[]} />
          </div>
        </fieldset>
      );
    case "json":
      return <JsonControl {...all} />;
  }
}
