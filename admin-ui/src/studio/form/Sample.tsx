import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { create } from "zustand";
import { list } from "~/api/records";
import type { Choice } from "~/fields/field";
import { find } from "~/fields/find";
import { calledBy } from "~/meta/model";
import { useSession } from "~/meta/session";

/** The record of each object on which expressions are tried; that which was changed last unless another is chosen. */
const useChosen = create<Record<string, Choice>>(() => ({}));

/** The record on which expressions of an object are tried: one that is there, as far as the reader may see it. */
export function useSample(object: string | undefined): Choice | undefined {
  const { me, model } = useSession();
  const chosen = useChosen((all) => (object ? all[object] : undefined));
  const target = object ? model.objects.get(object) : undefined;
  const found = useQuery({
    queryKey: [me.tenant, object, "sample"],
    queryFn: async ({ signal }) => {
      const asks = { fields: calledBy(target), sort: ["-updated_at"], limit: 1 };
      return (await list(object as string, asks, signal)).items[0] ?? null;
    },
    enabled: !!target && !chosen,
    staleTime: 300_000,
    retry: false,
  }).data;
  if (chosen || !found || !target) return chosen;
  return { id: String(found.id), name: String(found[target.nameField] ?? found.id) };
}

/** What an expression comes to on a record, and on which. */
export function Sample({ object, sample, text }: { object: string; sample: Choice; text: string }) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const offered = useQuery({
    queryKey: [me.tenant, object, "names", words],
    queryFn: ({ signal }) => find(model, object)(words, signal),
    enabled: open,
  }).data;
  return (
    <>
      <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="sm" trapFocus returnFocus>
        <Popover.Target>
          <button type="button" className="link small" aria-label={t("studio.sample")} onClick={() => setOpen(!open)}>
            {sample.name}
          </button>
        </Popover.Target>
        <Popover.Dropdown>
          <input
            aria-label={t("studio.search")}
            placeholder={t("studio.search")}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
          <ul style={{ margin: "8px 0 0", padding: 0, listStyle: "none" }}>
            {offered?.slice(0, 8).map((one) => (
              <li key={one.id}>
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    useChosen.setState({ [object]: one });
                    setOpen(false);
                  }}
                >
                  {one.name} {one.about && <span className="quiet small">{one.about}</span>}
                </button>
              </li>
            ))}
          </ul>
        </Popover.Dropdown>
      </Popover>
      {": "}
      <output>{text}</output>
    </>
  );
}
