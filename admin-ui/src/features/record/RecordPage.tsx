import { ActionIcon, Menu, Tabs } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { remove } from "~/api/records";
import { useFormats } from "~/fields/useFormats";
import { type LayoutDoc, type Named, ordered, type SectionDoc, say } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { useObject } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Title } from "~/ui/Title";
import { EditableField } from "./EditableField";
import css from "./RecordPage.module.css";
import { RelatedList } from "./RelatedList";
import { StagePath } from "./StagePath";
import { useCandidates, useRecord } from "./useRecord";

export function RecordPage() {
  const { t } = useTranslation();
  const { object: name, id } = useParams();
  const object = useObject(name);
  if (!object || !id) return <Failure says={t("record.not_found")} />;
  return <Page key={id} object={object} id={id} />;
}

function Page({ object, id }: { object: ObjectModel; id: string }) {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const formats = useFormats();
  const [at, setAt] = useSearchParams();
  const { record, state, save, columns } = useRecord(object, id);
  const candidates = useCandidates(object, { id, data: {} });
  if (record.isError) {
    const why = refusal(record.error);
    return (
      <Failure
        says={why?.status === 404 ? t("record.not_found") : why?.detail}
        id={why?.id}
        again={() => void record.refetch()}
      />
    );
  }
  const now = record.data;
  if (!now) return <div className={css.page} aria-busy="true" />;

  const states = state.data?.fields ?? {};
  const layout = object.layouts.find((l) => l.name === state.data?.layout) ?? object.layouts[0];
  const tabs = tabsOf(object, layout);
  const tab = tabs.find((one) => one.name === at.get("tab")) ?? tabs[0];
  const hidden = (of: Record<string, { visible: boolean }> | undefined, name: string) => of?.[name]?.visible === false;
  const store = async (values: Record<string, unknown>, names?: Record<string, string | null>) => {
    try {
      await save.mutateAsync({ values, names });
      return undefined;
    } catch (error) {
      const why = refusal(error);
      if (why?.status === 412) return { ...why, errors: undefined, detail: t("record.conflict") };
      return (
        why ?? { type: "about:blank", title: "", status: 0, code: "internal" as const, detail: t("error.offline") }
      );
    }
  };
  const field = (name: string) => {
    const column = columns.get(name);
    if (!column || hidden(states, name)) return null;
    const can = states[name];
    return (
      <EditableField
        key={name}
        column={column}
        value={now[name]}
        name={column.namePath && (now[column.namePath] as string | null)}
        formats={formats}
        editable={column.field.editable && object.can.update && can !== undefined && !can.read_only}
        required={can?.required ?? false}
        offered={can?.options}
        candidates={candidates(name, column.field.targets[0])}
        save={(value, called) =>
          store({ [name]: value }, column.namePath ? { [column.namePath]: called ?? null } : undefined)
        }
      />
    );
  };
  const called = String(now[object.nameField] ?? id);
  return (
    <article className={css.page}>
      <header className={css.head}>
        <div>
          <p className="quiet small">{object.label}</p>
          <Title>{called}</Title>
          <h1>{called}</h1>
        </div>
        {object.can.delete && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" aria-label={t("app.menu")}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item color="red" onClick={() => void remove(object.name, id).then(() => go(`/o/${object.name}`))}>
                {t("record.delete")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </header>
      <div className={css.highlights}>
        {(layout?.highlights ?? []).filter((name) => name !== object.doc.stages?.field).map(field)}
      </div>
      <StagePath object={object} record={now} formats={formats} editable={object.can.update} save={store} />
      <div className={css.columns}>
        <div className={css.main}>
          <Tabs value={tab?.name} onChange={(name) => setAt(name ? { tab: name } : {}, { replace: true })}>
            {tabs.length > 1 && (
              <Tabs.List>
                {tabs
                  .filter((one) => !hidden(state.data?.tabs, one.name))
                  .map((one) => (
                    <Tabs.Tab key={one.name} value={one.name}>
                      {say(one.label, i18n.language, one.name)}
                    </Tabs.Tab>
                  ))}
              </Tabs.List>
            )}
          </Tabs>
          {tab?.sections
            .filter((one) => !hidden(state.data?.sections, `${tab.name}/${one.name}`))
            .map((section) => (
              <section key={section.name} className={css.section}>
                <h2>{say(section.label, i18n.language, "")}</h2>
                <div className={css.fields} data-columns={section.columns ?? 2}>
                  {ordered(section.fields).map((place) => field(place.name))}
                </div>
              </section>
            ))}
        </div>
        <aside className={css.side}>
          {ordered(layout?.related)
            .filter((one) => !hidden(state.data?.related, one.name))
            .map((one) => (
              <RelatedList key={one.name} object={object} id={id} list={one} formats={formats} />
            ))}
        </aside>
      </div>
    </article>
  );
}

interface Tab {
  name: string;
  label?: LayoutDoc["label"];
  sections: Named<SectionDoc>[];
}

/** The tabs of the layout; an object without one shows all of its fields. */
function tabsOf(object: ObjectModel, layout: LayoutDoc | undefined): Tab[] {
  const tabs = ordered(layout?.tabs).map((tab) => ({ ...tab, sections: ordered(tab.sections) }));
  if (tabs.length > 0) return tabs;
  const fields = Object.fromEntries([...object.fields.keys()].map((name, order) => [name, { order }]));
  return [{ name: "all", sections: [{ name: "all", fields }] }];
}
