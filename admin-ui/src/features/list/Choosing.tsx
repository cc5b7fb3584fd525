import { Button } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import css from "./ListPage.module.css";
import type { Selection } from "./selection";

interface Props {
  choosing: boolean;
  selection: Selection;
  onChoosing(choosing: boolean): void;
}

/** On a phone, where cards are opened by a tap: has them chosen instead, until it is done. */
export function Choosing({ choosing, selection, onChoosing }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <Button
        variant={choosing ? "light" : "default"}
        className={css.target}
        leftSection={<IconChecks size={16} />}
        aria-pressed={choosing}
        onClick={() => {
          selection.clear();
          onChoosing(!choosing);
        }}
      >
        {t("list.bulk.choose")}
      </Button>
      {choosing && (
        <Button variant="subtle" className={css.target} aria-pressed={selection.all} onClick={selection.toggleAll}>
          {t("list.bulk.everything")}
        </Button>
      )}
    </>
  );
}
