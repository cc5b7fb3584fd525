import { Button, Menu } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Button as Workflow, workflowsOf } from "~/api/workflows";
import { useSession } from "~/meta/session";
import type { OnChosen } from "./RunPanel";

const RunPanel = lazy(() => import("./RunPanel"));

interface Props extends OnChosen {
  busy: boolean;
}

/** The workflows that may be set off on the chosen rows. */
export function RunOnChosen({ busy, ...on }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [chosen, setChosen] = useState<Workflow>();
  const offered = useQuery({
    queryKey: [me.tenant, on.object.name, "workflows"],
    queryFn: ({ signal }) => workflowsOf(on.object.name, signal),
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
          <RunPanel {...on} workflow={chosen} onClose={() => setChosen(undefined)} />
        </Suspense>
      )}
    </>
  );
}
