import { Button, Drawer } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal, type Schemas } from "~/api/client";
import { create, form } from "~/api/records";
import { typeOf } from "~/fields";
import { useFormats } from "~/fields/useFormats";
import { ordered } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./CreatePanel.module.css";
import { useCandidates } from "./useRecord";

interface Props {
  object: ObjectModel;
  /** Values to begin with. */
  given: Record<string, unknown>;
  onClose(): void;
  onCreated(id: string): void;
}

/** A new record. The server says at every step what it would be and what stands in the way. */
export function CreatePanel({ object, given, onClose, onCreated }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const formats = useFormats();
  const phone = useMediaQuery("(max-width: 720px)");
  const [values, setValues] = useState(given);
  const [names, setNames] = useState<Record<string, string | null>>({});
  const [all, setAll] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Schemas["Problem"]>();
  const [settled] = useDebouncedValue(values, 250);
  const device = phone ? "phone" : "desktop";
  const state = useQuery({
    queryKey: [me.tenant, object.name, "new", device, settled],
    queryFn: ({ signal }) => form(object.name, { data: settled, device }, signal),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const candidates = useCandidates(object, { data: values });
  const problems = refused?.errors ?? state.data?.problems ?? [];
  const problemOf = (name: string) =>
    tried || name in values
      ? problems.find((p) => p.pointer === `/${name}` || p.pointer?.startsWith(`/${name}/`))?.detail
      : undefined;

  const states = state.data?.fields ?? {};
  const layout = object.layouts.find((l) => l.name === state.data?.layout);
  const placed = layout
    ? ordered(layout.tabs).flatMap((tab) =>
        ordered(tab.sections).flatMap((section) => ordered(section.fields).map((f) => f.name)),
      )
    : [...object.fields.keys()];
  const enterable = [...new Set(placed)].filter((name) => {
    const field = object.fields.get(name);
    return field?.editable && typeOf(field.shows).Input && states[name]?.visible !== false && !states[name]?.read_only;
  });
  const first = (name: string) =>
    name === object.nameField ||
    states[name]?.required ||
    name in given ||
    name === object.doc.stages?.field ||
    (tried && problemOf(name));
  const short = all ? enterable : enterable.filter((name, i) => first(name) || i < 4);
  const elsewhere = problems.filter(
    (p) => !short.some((name) => p.pointer === `/${name}` || p.pointer?.startsWith(`/${name}/`)),
  );

  const submit = async () => {
    setTried(true);
    setBusy(true);
    try {
      const saved = await create(object.name, values);
      await cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
      onCreated(saved.id);
    } catch (error) {
      setRefused(
        refusal(error) ?? { type: "about:blank", title: "", status: 0, code: "internal", detail: t("error.offline") },
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={phone ? "100%" : 480}
      title={t("record.new", { object: object.label })}
      closeButtonProps={{ "aria-label": t("record.cancel") }}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {short.map((name, i) => {
          const field = object.fields.get(name);
          const Input = field && typeOf(field.shows).Input;
          if (!field || !Input) return null;
          return (
            <Input
              key={name}
              autoFocus={i === 0}
              field={field}
              formats={formats}
              label={field.label}
              value={((name in values ? values[name] : state.data?.values[name]) ?? null) as never}
              name={names[name]}
              offered={states[name]?.options}
              required={states[name]?.required}
              problem={problemOf(name)}
              candidates={candidates(name, field.targets[0])}
              onChange={(value: unknown, called?: string | null) => {
                setRefused(undefined);
                setValues((before) => ({ ...before, [name]: value }));
                if (called !== undefined) setNames((before) => ({ ...before, [name]: called }));
              }}
            />
          );
        })}
        {!all && short.length < enterable.length && (
          <Button variant="subtle" size="xs" onClick={() => setAll(true)}>
            {t("record.more")}
          </Button>
        )}
        {state.data?.duplicates.map((one) => (
          <p key={one.code} className={css.warning}>
            {one.detail}
          </p>
        ))}
        {tried && (
          <div role="alert" className="bad">
            {elsewhere.map((p) => (
              <p key={p.pointer ?? p.detail}>{p.detail}</p>
            ))}
            {refused && problems.length === 0 && <p>{refused.detail}</p>}
          </div>
        )}
        <footer className={css.foot}>
          <Button variant="default" size="xs" onClick={onClose}>
            {t("record.cancel")}
          </Button>
          <Button type="submit" size="xs" loading={busy}>
            {t("record.save")}
          </Button>
        </footer>
      </form>
    </Drawer>
  );
}

/** What an address gives a new record, as `account=…;source=web`. A reference to one of several objects is `object:id`. */
export function givenBy(object: ObjectModel, text: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text.replaceAll(";", "&"))) {
    const type = object.fields.get(name)?.type;
    const [target, id] = value.split(":");
    if (type === "any_lookup" && target && id) values[name] = { object: target, id };
    else if (type) values[name] = value;
  }
  return values;
}
