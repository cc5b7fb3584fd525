// Members with names of their own, such as fields, options and rules.
import { ActionIcon, Autocomplete, Button, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ordered, say as saidIn } from "~/meta/documents";
import { type Json, nameOf } from "../patching";
import { type Schema, type Shape, shapeOf } from "../shape";
import css from "./Form.module.css";
import { type FormProps, type Members, membersOf, SchemaForm } from "./SchemaForm";

interface EntriesProps extends FormProps {
  path: string[];
  shape: Shape & { is: "map" };
  label: string;
}

/** Members with names of their own: each opens in its place. */
export function Entries({ shape, label, ...props }: EntriesProps) {
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
