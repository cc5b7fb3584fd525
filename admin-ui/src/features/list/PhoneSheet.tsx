import { Button, Drawer, NativeSelect } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Uses, usesOf } from "~/api/uses";
import { filterOf, written } from "~/expr";
import type { Formats } from "~/fields";
import type { Fields } from "~/filter/fields";
import { Sort } from "./columns/Sort";
import css from "./ListPage.module.css";
import { type ListState, wayNames } from "./state";

const Builder = lazy(() => import("~/filter/Builder"));

interface Props {
  state: ListState;
  fields: Fields;
  formats: Formats;
  uses: Record<string, Uses> | undefined;
  /** The ways to show the list besides the table. */
  ways: Set<string>;
  /** Somebody is about to choose among what fields can be used for. */
  onAttended(): void;
  /** What stands beside the button. */
  children?: ReactNode;
}

/** Filter and sort on a phone: a sheet from below. */
export function PhoneSheet({ state, fields, formats, uses, ways, onAttended, children }: Props) {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure();
  const filter = useMemo(() => filterOf(state.filter, fields.operators), [state.filter, fields]);
  const count = filter.parts.length;
  return (
    <div className={css.tools}>
      <Button
        variant="default"
        className={css.target}
        leftSection={<IconAdjustments size={16} />}
        onClick={() => {
          onAttended();
          toggle();
        }}
      >
        {t("list.sheet")}
        {count > 0 && ` (${count})`}
      </Button>
      {children}
      <Drawer
        opened={open}
        onClose={close}
        position="bottom"
        size="80%"
        title={t("list.sheet")}
        className={css.sheet}
        closeButtonProps={{ "aria-label": t("record.close") }}
      >
        <h2>{t("list.filter")}</h2>
        <Suspense fallback={null}>
          <Builder
            filter={filter}
            fields={fields}
            formats={formats}
            onChange={(next) => {
              const text = written(next, fields.operators);
              if (text !== written(filter, fields.operators)) state.set({ filter: text });
            }}
          />
        </Suspense>
        <h2>{t("list.sort")}</h2>
        <Sort state={state} fields={fields.all.filter((c) => !c.through && (!uses || usesOf(uses, c.path)?.sort))} />
        <h2>{t("list.as")}</h2>
        <NativeSelect
          size="md"
          aria-label={t("list.as")}
          value={state.as}
          data={wayNames
            .filter((name) => name === "table" || ways.has(name))
            .map((name) => ({ value: name, label: t(`list.way.${name}`) }))}
          onChange={(event) => state.set({ as: event.currentTarget.value })}
        />
        <div className={css.sheetFoot}>
          <Button className={css.target} fullWidth onClick={close}>
            {t("list.show")}
          </Button>
        </div>
      </Drawer>
    </div>
  );
}
