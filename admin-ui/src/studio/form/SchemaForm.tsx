import { ActionIcon, Autocomplete, Button, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ordered, say as saidIn } from "~/meta/documents";
import { type Json, nameOf } from "../patching";
import { requiredOf, type Schema, type Shape, shapeOf, titleOfType } from "../shape";
import {
  BooleanControl,
  ChoiceControl,
  ChoicesControl,
  JsonControl,
  ListControl,
  NumberControl,
  TextControl,
} from "./controls";
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

type Members = { [name: string]: Json };
const membersOf = (value: Json): Members => (typeof value === "object" && value !== null ? (value as Members) : {});

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

interface EntriesProps extends FormProps {
  path: string[];
  shape: Shape & { is: "map" };
  label: string;
}

/** Members with names of their own: each opens in its place. */
function Entries({ shape, label, ...props }: EntriesProps) {
  const { i18n } = useTranslation();
  const { value, path, change } = props;
  const members = membersOf(value);
  const [fresh, setFresh] = useState<string>();
  const titled = (name: string, of: Json): ReactNode => {
    const { label, message, type } = membersOf(of) as { label?: never; message?: never; type?: string };
    return (
      <>
        <span>{saidIn(label ?? message, i18n.language, name)}</span>
        <code className="quiet small">{type ?? name}</code>
      </>
    );
  };
  const starts = startsOf(props.root, shape.each, members);
  const names = ordered(members as never).map((one: { name: string }) => one.name);
  const only = (name: string) => {
    const { [name]: _, ...others } = members;
    return Object.keys(others).length > 0 ? ([[...path, name], undefined] as const) : ([path, undefined] as const);
  };
  return (
    <fieldset className={css.group}>
      <legend>{label}</legend>
      {shape.says && <p className="quiet small">{shape.says}</p>}
      <ul className={css.entries}>
        {names.map((name) => (
          <li key={name}>
            <Entry
              name={name}
              title={titled(name, members[name])}
              begins={name === fresh}
              remove={() => change(...(only(name) as [string[], undefined]))}
            >
              <SchemaForm
                {...props}
                schema={shape.each}
                value={members[name]}
                path={[...path, name]}
                without={[]}
                first={[]}
              />
            </Entry>
          </li>
        ))}
      </ul>
      <AddEntry
        label={label}
        labelled={starts.labelled}
        offered={starts.labelled ? undefined : props.suggests?.(path)?.filter((name) => !(name in members))}
        taken={(name) => name in members}
        add={(name, text) => {
          setFresh(name);
          change([...path, name], starts.of(text));
        }}
      />
    </fieldset>
  );
}

interface EntryProps {
  name: string;
  title: ReactNode;
  begins: boolean;
  remove(): void;
  children: ReactNode;
}

/** One member: what it is called, and all of it once it is opened. */
function Entry({ name, title, begins, remove, children }: EntryProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(begins);
  return (
    <div className={css.entry}>
      <div>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          {title}
        </button>
        <ActionIcon
          size={28}
          variant="subtle"
          color="gray"
          aria-label={t("studio.remove_this", { name })}
          onClick={remove}
        >
          <IconTrash size={14} />
        </ActionIcon>
      </div>
      {open && <div>{children}</div>}
    </div>
  );
}

/** What a new member is, before anything is said of it: what it is called, if it has a label, and the last in order. */
function startsOf(root: Schema, each: Schema, members: Members) {
  const shape = shapeOf(root, each, undefined);
  const has = (name: string) => shape.is === "group" && shape.members.has(name);
  const orders = Object.values(members).flatMap((one) => (membersOf(one).order as number | undefined) ?? []);
  return {
    labelled: has("label"),
    of(text: string | undefined): Json {
      if (shape.is === "expression") return "true";
      if (shape.is === "condition" || shape.is === "boolean") return true;
      if (["text", "texts"].includes(shape.is)) return "…";
      if (shape.is === "list" || shape.is === "choices") return [];
      return {
        ...(has("label") && text ? { label: text } : {}),
        // Where nothing is ordered yet the order of names stays.
        ...(has("order") && (orders.length > 0 || names(members) === 0) ? { order: Math.max(0, ...orders) + 10 } : {}),
      };
    },
  };
}
const names = (members: Members) => Object.keys(members).length;

const namePattern = /^[a-z][a-z0-9_]{0,62}$/;

interface AddProps {
  label: string;
  /** It is called by a label, of which its name is made. */
  labelled: boolean;
  /** Names that fit. */
  offered: string[] | undefined;
  taken(name: string): boolean;
  add(name: string, label: string | undefined): void;
}

function AddEntry({ label, labelled, offered, taken, add }: AddProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const name = labelled ? nameOf(typed, taken, "item") : typed;
  const fits = typed.trim() !== "" && namePattern.test(name) && !taken(name);
  const submit = (chosen = name) => {
    if (!fits && !offered?.includes(chosen)) return;
    add(chosen, labelled ? typed.trim() : undefined);
    setTyped("");
  };
  const says = t(labelled ? "studio.new_label_in" : "studio.new_in", { label });
  const common = {
    size: "xs",
    "aria-label": says,
    placeholder: says,
    value: typed,
    error: typed !== "" && !fits && !offered ? t("studio.name_form") : undefined,
  } as const;
  const keys = (event: React.KeyboardEvent) => event.key === "Enter" && !event.nativeEvent.isComposing && submit();
  return (
    <div className={css.add}>
      {offered ? (
        <Autocomplete
          {...common}
          data={offered}
          limit={50}
          onChange={setTyped}
          onOptionSubmit={submit}
          onKeyDown={keys}
        />
      ) : (
        <TextInput {...common} onChange={(event) => setTyped(event.currentTarget.value)} onKeyDown={keys} />
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        disabled={!fits}
        onClick={() => submit()}
      >
        {t("studio.add")}
      </Button>
    </div>
  );
}
