import { ActionIcon, Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type Json, withAt } from "../patching";
import type { Shape } from "../shape";
import css from "./Form.module.css";
import { type FormProps, SchemaForm } from "./SchemaForm";

interface Props extends FormProps {
  path: string[];
  shape: Shape & { is: "rows" };
  label: string;
}

/** Things in an order. A list is said as a whole, since a merge patch knows no places in it. */
export function Rows({ shape, label, ...props }: Props) {
  const { t } = useTranslation();
  const { value, path, change } = props;
  const rows = Array.isArray(value) ? (value as Json[]) : [];
  const say = (next: Json[]) => change(path, next.length > 0 ? next : undefined);
  const swap = (i: number, j: number) => {
    const next = [...rows];
    [next[i], next[j]] = [next[j], next[i]];
    say(next);
  };
  return (
    <fieldset className={css.group}>
      <legend>{label}</legend>
      {shape.says && <p className="quiet small">{shape.says}</p>}
      <ol className={css.entries}>
        {rows.map((row, i) => {
          const called = t("studio.row_of", { label, number: i + 1 });
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name than their place
            <li key={i} className={css.entry} aria-label={called}>
              <div>
                <span className={css.row}>{called}</span>
                <ActionIcon
                  size={28}
                  variant="subtle"
                  color="gray"
                  disabled={i === 0}
                  aria-label={`${called}: ${t("studio.up")}`}
                  onClick={() => swap(i, i - 1)}
                >
                  <IconArrowUp size={14} />
                </ActionIcon>
                <ActionIcon
                  size={28}
                  variant="subtle"
                  color="gray"
                  disabled={i === rows.length - 1}
                  aria-label={`${called}: ${t("studio.down")}`}
                  onClick={() => swap(i, i + 1)}
                >
                  <IconArrowDown size={14} />
                </ActionIcon>
                <ActionIcon
                  size={28}
                  variant="subtle"
                  color="gray"
                  aria-label={t("studio.remove_this", { name: called })}
                  onClick={() => say(rows.filter((_, at) => at !== i))}
                >
                  <IconTrash size={14} />
                </ActionIcon>
              </div>
              <div>
                <SchemaForm
                  {...props}
                  schema={shape.each}
                  value={row}
                  path={[...path, String(i)]}
                  without={[]}
                  first={[]}
                  change={(at, next) => say(withAt(rows, at.slice(path.length), next) as Json[])}
                />
              </div>
            </li>
          );
        })}
      </ol>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        style={{ justifySelf: "start" }}
        aria-label={t("studio.add_to", { label })}
        onClick={() => say([...rows, {}])}
      >
        {t("studio.add")}
      </Button>
    </fieldset>
  );
}
