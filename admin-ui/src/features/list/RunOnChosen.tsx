import { Button, Menu } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ListQuery } from "~/api/records";
import { type Button as Workflow, workflowsOf } from "~/api/workflows";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import type { Selection } from "./selection";

const RunPanel = lazy(() => import("./RunPanel"));

interface Props {
  object: ObjectModel;
  query: ListQuery;
  selection: Selection;
  count: number | undefined;
  formats: Formats;
  busy: boolean;
}

/** The workflows that may be set off on the chosen rows. */
export function RunOnChosen({ object, query, selection, count, formats, busy }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [chosen, setChosen] = useState<Workflow>();
  const offered = useQuery({
    queryKey: [me.tenant, object.name, "workflows"],
    queryFn: ({ signal }) => workflowsOf(object.name, signal),
    staleTime: 300_000,
  }).data?.items;
  if (!offered?.length) return null;
  return (
    <>
      <Menu position="top-start" shadow="sm">
        <Menu.Target>
          <Button size="compact-sm" variant="default" leftSection={<IconBolt size={14} />} disabled={busy}>
            {t("list.run.menu")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {offered.map((one) => (
            <Menu.Item key={one.name} onClick={() => setChosen(one)}>
              {one.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {chosen && (
        <Suspense fallback={null}>
          <RunPanel
            object={object}
            query={query}
            selection={selection}
            count={count}
            formats={formats}
            workflow={chosen}
            onClose={() => setChosen(undefined)}
          />
        </Suspense>
      )}
    </>
  );
}
