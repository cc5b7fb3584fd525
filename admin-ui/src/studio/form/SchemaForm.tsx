import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ordered, say as saidIn } from "~/meta/documents";
import type { Json } from "../patching";
import { requiredOf, type Schema, type Shape, shapeOf } from "../shape";
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
  const { root, schema, value, path, change, suggests, called, problems, object } = props;
  const shape = shapeOf(root, schema, value, required);
  const label = shape.title ?? name.replaceAll("_", " ");
  const all = {
    shape,
    label,
    value: value as never,
    say: (next: Json | undefined) => change(path, next),
    suggests: suggests?.(path),
    called: (option: string) => called?.(path, option) ?? option.replaceAll("_", " "),
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
      return <ExpressionControl {...all} object={readBy(name, beside, object)} points={!computes.has(name)} />;
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
        taken={(name) => name in members}
        add={(name) => {
          setFresh(name);
          change([...path, name], startOf(props.root, shape.each));
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

/** What a new member is, before anything is said of it. */
function startOf(root: Schema, each: Schema): Json {
  const shape = shapeOf(root, each, undefined);
  if (shape.is === "expression") return "true";
  if (shape.is === "condition" || shape.is === "boolean") return true;
  if (["text", "texts"].includes(shape.is)) return "…";
  return shape.is === "list" || shape.is === "choices" ? [] : {};
}

const namePattern = /^[a-z][a-z0-9_]{0,62}$/;

function AddEntry({ label, taken, add }: { label: string; taken(name: string): boolean; add(name: string): void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const fits = namePattern.test(name) && !taken(name);
  const submit = () => {
    if (!fits) return;
    add(name);
    setName("");
  };
  return (
    <div className={css.add}>
      <TextInput
        size="xs"
        aria-label={t("studio.new_in", { label })}
        placeholder={t("studio.new_in", { label })}
        value={name}
        error={name !== "" && !fits ? t("studio.name_form") : undefined}
        onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && submit()}
      />
      <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} disabled={!fits} onClick={submit}>
        {t("studio.add")}
      </Button>
    </div>
  );
}
