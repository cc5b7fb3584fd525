import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LayoutDoc, ObjectDoc } from "~/meta/documents";
import type { Model, ObjectModel } from "~/meta/model";
import { useDocuments } from "~/studio/drafting";
import { nameOf } from "~/studio/patching";
import { type Gap, useDesigning } from "./designing";
import { fieldsOn, namesIn } from "./edits";
import { NewField } from "./NewField";
import css from "./Pages.module.css";
import { Panel } from "./Settings";

interface Props {
  gap: Gap;
  model: Model;
  object: ObjectModel;
}

const most = 80; // choices that are drawn; a search finds the others

/** What may be put between two things of a record's page. */
export function Adding({ gap, model, object }: Props) {
  const { t } = useTranslation();
  const { ask } = useDesigning();
  const sort = gap.collection.at(-1) as string;
  return (
    <Panel label={t(`studio.pages.add.${sort}`)} close={() => ask(undefined)}>
      {sort === "fields" || sort === "highlights" ? (
        <AddField gap={gap} object={object} highlight={sort === "highlights"} />
      ) : sort === "related" ? (
        <AddRelated gap={gap} model={model} object={object} />
      ) : (
        <AddNamed gap={gap} tab={sort === "tabs"} />
      )}
    </Panel>
  );
}

interface Choice {
  key: string;
  label: string;
  says: string;
  take(): void;
}

/** Things to choose from, found by what they are called. */
export function Choices({ label, choices }: { label: string; choices: Choice[] }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const wanted = words.trim().toLowerCase();
  const found = choices.filter((one) => `${one.label} ${one.says}`.toLowerCase().includes(wanted));
  return (
    <div className={css.choices}>
      <TextInput
        size="xs"
        type="search"
        autoFocus
        leftSection={<IconSearch size={14} />}
        aria-label={label}
        placeholder={label}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.nativeEvent.isComposing) found[0]?.take();
        }}
      />
      <ul>
        {found.slice(0, most).map((one) => (
          <li key={one.key}>
            <button type="button" onClick={one.take}>
              <span>{one.label}</span>
              <code className="quiet small">{one.says}</code>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="quiet">{t("studio.pages.nothing_left")}</p>}
      {found.length > most && (
        <p className="quiet small">{t("studio.pages.more_found", { count: found.length - most })}</p>
      )}
    </div>
  );
}

function AddField({ gap, object, highlight }: { gap: Gap; object: ObjectModel; highlight: boolean }) {
  const { t } = useTranslation();
  const { document, add } = useDesigning();
  const there = highlight ? new Set(namesIn(document, gap.collection)) : fieldsOn(document);
  const put = (name: string) => void add([...gap.collection, name], {}, gap.before);
  const choices = [...object.fields.values()]
    .filter((one) => !there.has(one.name))
    .map((one) => ({ key: one.name, label: one.label, says: one.name, take: () => put(one.name) }));
  return (
    <>
      <Choices label={t("studio.pages.find_field")} choices={choices} />
      {!highlight && <NewField object={object} made={put} />}
    </>
  );
}

/** A section or a tab is made of what it is called. */
function AddNamed({ gap, tab }: { gap: Gap; tab: boolean }) {
  const { t } = useTranslation();
  const { document, add } = useDesigning();
  const [label, setLabel] = useState("");
  const submit = () => {
    const taken = namesIn(document, gap.collection);
    const name = nameOf(label.trim(), (one) => taken.includes(one), tab ? "tab" : "section");
    const section = { label: label.trim(), columns: 2, fields: {} };
    const value = tab ? { label: label.trim(), sections: { main: section } } : section;
    void add([...gap.collection, name], value, gap.before);
  };
  return (
    <form
      className={css.choices}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextInput
        size="xs"
        autoFocus
        label={t("studio.label")}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" disabled={!label.trim()} leftSection={<IconPlus size={14} />}>
        {t("studio.add")}
      </Button>
    </form>
  );
}

/** Lists of what refers to the record: one for each reference to its object. */
function AddRelated({ gap, model, object }: Props) {
  const { t } = useTranslation();
  const { document, add } = useDesigning();
  const documents = useDocuments();
  const lists = Object.values((document as unknown as LayoutDoc).related ?? {});
  const choices = [...model.objects.values()].flatMap((other) =>
    Object.entries((documents?.get(`object/${other.name}`) as unknown as ObjectDoc | undefined)?.fields ?? {})
      .filter(
        ([, field]) =>
          field.type !== "rollup" && (field.object === object.name || field.objects?.includes(object.name)),
      )
      .filter(([lookup]) => !lists.some((one) => one.object === other.name && one.lookup === lookup))
      .map(([lookup]) => {
        const columns = [...new Set([other.nameField, ...Object.keys(other.doc.fields)])].filter(
          (one) => one !== lookup,
        );
        const name = nameOf(other.name, (one) => namesIn(document, gap.collection).includes(one), "list");
        const value = {
          object: other.name,
          lookup,
          columns: columns.slice(0, 4),
          label: other.doc.label_plural ?? other.plural,
        };
        return {
          key: `${other.name}.${lookup}`,
          label: other.plural,
          says: `${other.name}.${lookup}`,
          take: () => void add([...gap.collection, name], value, gap.before),
        };
      }),
  );
  return <Choices label={t("studio.pages.find_list")} choices={choices} />;
}
