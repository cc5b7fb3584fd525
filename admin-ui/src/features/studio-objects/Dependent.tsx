import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Patch } from "~/api/drafts";
import { type FieldDoc, type OptionDoc, ordered, say } from "~/meta/documents";
import css from "./Dependent.module.css";
import { offered, offers } from "./dependent";

interface Props {
  label: string;
  options: Record<string, OptionDoc>;
  /** The field whose value decides, and its options. */
  by: FieldDoc & { name: string };
  among: Record<string, OptionDoc>;
  /** A patch of the options. */
  change(patch: Patch): void;
}

/** Which options are offered for which value of another field: a grid of ticks. */
export function Dependent({ label, options, by, among, change }: Props) {
  const { t, i18n } = useTranslation();
  const rows = ordered(options);
  const columns = ordered(among);
  const called = (one: OptionDoc & { name: string }) => say(one.label, i18n.language, one.name);
  return (
    <fieldset className={css.grid}>
      <legend>{t("studio.depends_on", { label: say(by.label, i18n.language, by.name) })}</legend>
      <div className={css.scroll}>
        <table>
          <thead>
            <tr>
              <th scope="col">{label}</th>
              {columns.map((one) => (
                <th scope="col" key={one.name}>
                  {called(one)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{called(row)}</th>
                {columns.map((one) => (
                  <td key={one.name}>
                    <Checkbox
                      size="xs"
                      aria-label={`${called(row)}: ${called(one)}`}
                      checked={offered(row, one.name)}
                      onChange={(event) =>
                        change({
                          [row.name]: {
                            for: offers(
                              row,
                              columns.map(({ name }) => name),
                              one.name,
                              event.currentTarget.checked,
                            ),
                          },
                        })
                      }
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </fieldset>
  );
}
