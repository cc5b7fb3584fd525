import { Button, SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ViewDoc } from "~/meta/documents";
import { useDesigning } from "./designing";
import { nameOfThing, type Path } from "./edits";
import css from "./Pages.module.css";
import { Actions, Panel } from "./Settings";
import { sortedBy } from "./views";

/** What a column does for its list. */
export function ColumnSettings({ path }: { path: Path }) {
  const { t } = useTranslation();
  const { document, choose, change, called } = useDesigning();
  const view = document as unknown as ViewDoc;
  const name = nameOfThing(path);
  const now = view.sort?.includes(name) ? "up" : view.sort?.includes(`-${name}`) ? "down" : "none";
  const grouped = view.group === name;
  return (
    <Panel label={called(path)} close={() => choose(undefined)} actions={<Actions path={path} />}>
      <div className={css.choices}>
        <SegmentedControl
          size="xs"
          aria-label={t("studio.pages.sort")}
          value={now}
          onChange={(next) => change(["sort"], sortedBy(view.sort, name, next as typeof now))}
          data={[
            { value: "none", label: t("studio.pages.sort_none") },
            { value: "up", label: t("studio.pages.sort_up") },
            { value: "down", label: t("studio.pages.sort_down") },
          ]}
        />
        <Button size="xs" variant="default" onClick={() => change(["group"], grouped ? undefined : name)}>
          {t(grouped ? "studio.pages.group_none" : "studio.pages.group_by")}
        </Button>
      </div>
    </Panel>
  );
}
