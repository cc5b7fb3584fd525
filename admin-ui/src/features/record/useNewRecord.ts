import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal, type Stored } from "~/api/client";
import { create, form } from "~/api/records";
import { typeOf } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { placesOf, tabsOf } from "~/page/layout";
import { type Draft, draftOf } from "./draft";

/** A record that is being made: what was entered, and what the server says of it at every step. */
export function useNewRecord(object: ObjectModel, given: Draft, device: "desktop" | "phone", what: string) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const kept = draftOf(object, `${me.tenant}/${me.user.id}`, what);
  const [found] = useState(() => kept.read());
  const [{ values, names }, setDraft] = useState<Draft>(found ?? given);
  const [restored, setRestored] = useState(found !== undefined);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Problem>();
  const [settled] = useDebouncedValue(values, 250);
  const touched = useRef(found !== undefined);
  const state = useQuery({
    queryKey: [me.tenant, object.name, "new", device, settled],
    queryFn: async ({ signal }) => ({
      ...(await form(object.name, { data: settled, device }, signal)),
      asked: settled,
    }),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  useEffect(() => {
    if (touched.current) kept.keep({ values, names });
  });

  const problems = refused?.errors ?? state.data?.problems ?? [];
  const of = (name: string) => problems.filter((p) => p.pointer === `/${name}` || p.pointer?.startsWith(`/${name}/`));
  const states = state.data?.fields ?? {};
  const layout = object.layouts.find((one) => one.name === state.data?.layout);
  const placed = tabsOf(object, layout).flatMap((tab) =>
    tab.sections.flatMap((section) => placesOf(object, section).map((one) => one.name)),
  );
  const first = object.fields.has("record_type") ? ["record_type"] : [];
  const enterable = [...new Set([...first, ...placed])].filter((name) => {
    const field = object.fields.get(name);
    return field?.editable && typeOf(field.shows).Input && states[name]?.visible !== false && !states[name]?.read_only;
  });

  const start = (with_: Draft) => {
    touched.current = false;
    kept.forget();
    setDraft(with_);
    setRestored(false);
    setTried(false);
    setRefused(undefined);
  };
  return {
    /** What the record begins with. */
    given: given.values,
    values,
    names,
    state: state.data,
    states,
    enterable,
    tried,
    busy,
    refused,
    problems,
    restored,
    /** What is wrong with a field, once somebody has entered something there or tried to save. */
    problemOf: (name: string) => (tried || name in values ? of(name)[0]?.detail : undefined),
    problemsOf: of,
    /** What was entered, else what the server fills in; an answer on what is no longer entered says nothing of it. */
    valueOf(name: string): unknown {
      if (name in values) return values[name] ?? null;
      return state.data && !(name in state.data.asked) ? (state.data.values[name] ?? null) : null;
    },
    set(name: string, value: unknown, called?: string | null) {
      touched.current = true;
      setRefused(undefined);
      setDraft((before) => ({
        values: { ...before.values, [name]: value },
        names: called === undefined ? before.names : { ...before.names, [name]: called },
      }));
    },
    /** Throws away what was entered. */
    discard: () => start(given),
    /** Makes the record; undefined where it was refused, and then the problems are those of the refusal. */
    async save(): Promise<Stored | undefined> {
      setTried(true);
      setBusy(true);
      try {
        const saved = await create(object.name, values);
        start(given);
        void cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
        return saved as Stored;
      } catch (error) {
        setRefused(
          refusal(error) ?? {
            type: "about:blank",
            title: "",
            status: 0,
            code: "internal",
            detail: t("offline.unsaved"),
          },
        );
        return undefined;
      } finally {
        setBusy(false);
      }
    },
  };
}

export type NewRecord = ReturnType<typeof useNewRecord>;
