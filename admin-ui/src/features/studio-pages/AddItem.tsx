import { useTranslation } from "react-i18next";
import { say } from "~/meta/documents";
import type { Model, ObjectModel } from "~/meta/model";
import { nameOf } from "~/studio/patching";
import { Choices } from "./Adding";
import { type Gap, useDesigning } from "./designing";
import { namesIn } from "./edits";
import { Panel } from "./Settings";

/** The widgets that are of no object. */
const ofNone = ["approvals", "recent", "changes"];

/** What an app may lead to, or what may be on a page of widgets. */
export function AddItem({ gap, model }: { gap: Gap; model: Model }) {
  const { t, i18n } = useTranslation();
  const { document, add, ask } = useDesigning();
  const sort = gap.collection.at(-1) as string;
  const put = (base: string, value: object) => {
    const name = nameOf(base, (one) => namesIn(document, gap.collection).includes(one), "item");
    void add([...gap.collection, name], value, gap.before);
  };
  const objects = [...model.objects.values()].sort((a, b) => a.plural.localeCompare(b.plural, i18n.language));
  const items = objects.flatMap((object) => [
    {
      key: object.name,
      label: object.plural,
      says: object.name,
      take: () => put(object.name, { object: object.name }),
    },
    ...object.views.map((view) => {
      const label = say(view.label, i18n.language, view.name);
      const value = { object: object.name, view: view.name, label: view.label ?? label };
      return {
        key: view.name,
        label: `${object.plural} › ${label}`,
        says: view.name,
        take: () => put(view.name, value),
      };
    }),
  ]);
  const widgets = [
    ...ofNone.map((type) => ({
      key: type,
      label: t(`studio.pages.widget.${type}`),
      says: type,
      take: () => put(type, { type, width: 2 }),
    })),
    ...objects.flatMap((object) =>
      widgetsOf(object).map(({ type, value }) => ({
        key: `${type}.${object.name}`,
        label: `${object.plural} · ${t(`studio.pages.widget.${type}`)}`,
        says: object.name,
        take: () =>
          put(object.name, { type, label: object.doc.label_plural ?? object.plural, object: object.name, ...value }),
      })),
    ),
  ];
  return (
    <Panel label={t(`studio.pages.add.${sort}`)} close={() => ask(undefined)}>
      <Choices label={t("studio.pages.find_item")} choices={sort === "items" ? items : widgets} />
    </Panel>
  );
}

/** What can be told of an object, and with what that begins. */
function widgetsOf(object: ObjectModel): { type: string; value: object }[] {
  const group = object.doc.stages?.field ?? [...object.fields.values()].find((one) => one.shows === "picklist")?.name;
  return [
    { type: "list", value: { columns: [object.nameField], limit: 6, width: 2 } },
    { type: "number", value: { width: 1 } },
    ...(group ? [{ type: "chart", value: { group, chart: "bar", width: 2 } }] : []),
  ];
}
