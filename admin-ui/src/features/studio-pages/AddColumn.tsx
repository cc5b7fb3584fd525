import { useTranslation } from "react-i18next";
import { columnsIn, type Model, type ObjectModel } from "~/meta/model";
import { Choices } from "./Adding";
import { type Gap, useDesigning } from "./designing";
import { namesIn } from "./edits";
import { Panel } from "./Settings";

/** Own fields first, then those of the records that these lead to. */
export function AddColumn({ gap, model, object }: { gap: Gap; model: Model; object: ObjectModel }) {
  const { t } = useTranslation();
  const { document, add, ask } = useDesigning();
  const there = new Set(namesIn(document, gap.collection));
  const own = columnsIn(model, object);
  const through = own
    .filter((one) => one.field.targets.length === 1 && one.field.shows !== "any_lookup")
    .flatMap((one) => columnsIn(model, object, one));
  const choices = [...own, ...through]
    .filter((one) => !there.has(one.path))
    .map((one) => ({
      key: one.path,
      label: one.label,
      says: one.path,
      take: () => void add([...gap.collection, one.path], {}, gap.before),
    }));
  return (
    <Panel label={t("studio.pages.add.columns")} close={() => ask(undefined)}>
      <Choices label={t("studio.pages.find_field")} choices={choices} />
    </Panel>
  );
}
