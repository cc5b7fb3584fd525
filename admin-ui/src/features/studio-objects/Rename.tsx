import { Button, Checkbox, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "~/api/session";
import { languages } from "~/i18n";
import { type ObjectDoc, say } from "~/meta/documents";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments } from "~/studio/drafting";
import css from "./Rename.module.css";
import { type Called, calledIn, type Place, patchesOf, relabelled, renames } from "./renaming";

/** Calls an object by other names, in all texts that call it so. */
export function Rename({ object }: { object: ObjectDoc }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
        {t("studio.rename")}
      </Button>
      {open && <Renaming object={object} close={() => setOpen(false)} />}
    </>
  );
}

const idOf = ({ key, path }: Place) => `${key.kind}/${key.name}/${path.join("/")}`;

function Renaming({ object, close }: { object: ObjectDoc; close(): void }) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { patchAll } = useChanging();
  const label = say(object.label, i18n.language, object.name);
  const [to, setTo] = useState<Record<string, Called>>(() =>
    Object.fromEntries(languages.map((one) => [one, calledIn(object, one)])),
  );
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [rested] = useDebouncedValue(to, 150);
  const places = useMemo(() => (documents ? renames(documents, object, rested) : []), [documents, object, rested]);
  const taken = places.filter((one) => !left.has(idOf(one)));
  const spoken = new Intl.DisplayNames(i18n.language, { type: "language" });
  const submit = async () => {
    if (!documents) return;
    const own = { key: { kind: "object", name: object.name }, patch: relabelled(object, to) };
    const places = patchesOf(taken, documents);
    const change = t("studio.renamed", { label });
    close();
    await patchAll([own, ...places], change);
  };
  const called = (language: string, change: Partial<Called>) =>
    setTo((now) => ({ ...now, [language]: { ...(now[language] as Called), ...change } }));
  const whole = languages.every((one) => to[one]?.one.trim());
  return (
    <Modal
      opened
      size="lg"
      onClose={close}
      title={t("studio.rename_title", { label })}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div className={css.names}>
          {languages.flatMap((one, i) => [
            <TextInput
              key={one}
              size="xs"
              data-autofocus={i === 0 || undefined}
              label={t("studio.one_in", { language: spoken.of(one) })}
              value={to[one]?.one ?? ""}
              onChange={(event) => called(one, { one: event.currentTarget.value })}
            />,
            <TextInput
              key={`${one} several`}
              size="xs"
              label={t("studio.several_in", { language: spoken.of(one) })}
              value={to[one]?.several ?? ""}
              onChange={(event) => called(one, { several: event.currentTarget.value })}
            />,
          ])}
        </div>
        <p className="quiet small">{t("studio.rename_keeps", { name: object.name })}</p>
        {places.length > 0 && (
          <>
            <Checkbox
              size="xs"
              label={t("studio.rename_places", { count: places.length })}
              checked={taken.length === places.length}
              indeterminate={taken.length > 0 && taken.length < places.length}
              onChange={(event) => setLeft(event.currentTarget.checked ? new Set() : new Set(places.map(idOf)))}
            />
            <ul className={css.places} aria-label={t("studio.rename_places", { count: places.length })}>
              {places.map((one) => (
                <li key={idOf(one)}>
                  <Checkbox
                    size="xs"
                    checked={!left.has(idOf(one))}
                    onChange={(event) => {
                      const next = new Set(left);
                      if (event.currentTarget.checked) next.delete(idOf(one));
                      else next.add(idOf(one));
                      setLeft(next);
                    }}
                    label={
                      <>
                        <s>{one.before}</s> → {one.after}
                      </>
                    }
                    description={`${t(`studio.kind.${one.key.kind}`)}: ${titled(documents?.get(`${one.key.kind}/${one.key.name}`), i18n.language)}`}
                  />
                </li>
              ))}
            </ul>
          </>
        )}
        <Button type="submit" size="xs" disabled={!whole || rested !== to} style={{ justifySelf: "start" }}>
          {places.length > 0 ? t("studio.rename_do", { count: taken.length }) : t("studio.keep")}
        </Button>
      </form>
    </Modal>
  );
}

const titled = (document: Document | undefined, language: string): string =>
  document ? labelOf(document, language) : "";
