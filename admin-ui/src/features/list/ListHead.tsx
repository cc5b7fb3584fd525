import { ActionIcon, Button } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { memo, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import type { Column, ObjectModel } from "~/meta/model";
import { Title } from "~/ui/Title";
import type { Parts } from "./ListPage";
import css from "./ListPage.module.css";
import { Search } from "./Search";
import type { ListState } from "./state";

interface Props {
  object: ObjectModel;
  state: ListState;
  columns: Column[];
  phone: boolean;
  transfer: Parts["transfer"];
  search: RefObject<HTMLInputElement | null>;
}

/** What stands above a list: how it is called, its search, and what can be done with all of it. */
export const ListHead = memo(function ListHead({ object, state, columns, phone, transfer: Transfer, search }: Props) {
  const { t } = useTranslation();
  const at = useLocation();
  return (
    <header className={css.head}>
      <Title>{object.plural}</Title>
      <h1>{object.plural}</h1>
      <span className={css.space} />
      <Search
        key={`${object.name} ${state.view?.name}`}
        q={state.q}
        input={search}
        onSearch={(q) => state.set({ q: q || undefined })}
      />
      <Transfer
        object={object}
        listed={{
          filter: state.filter || undefined,
          q: state.q || undefined,
          sort: state.sort,
          fields: columns.map((c) => c.path),
        }}
      />
      {object.can.delete && !phone && (
        <ActionIcon
          component={Link}
          to={`/o/${object.name}/bin`}
          state={{ from: at.search }}
          variant="default"
          size={30}
          aria-label={t("bin.open")}
          title={t("bin.open")}
        >
          <IconTrash size={16} />
        </ActionIcon>
      )}
      {object.can.create && (
        <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => state.set({ new: "" }, true)}>
          {t("list.new")}
        </Button>
      )}
    </header>
  );
});
