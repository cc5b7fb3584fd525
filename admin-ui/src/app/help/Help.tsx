import { Drawer } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Command, commands, keysOf, type Place, useCommandStore } from "~/ui/commands";
import { written } from "~/ui/keys";
import { useReturnFocus } from "~/ui/useReturnFocus";
import { closeOverlay } from "../overlays";
import css from "./Help.module.css";

const places: Place[] = ["list", "cell", "record", "inbox", "studio", "go", "anywhere"];

/** The keys that work here, drawn from the commands. */
export default function Help() {
  const { t } = useTranslation();
  useReturnFocus();
  const state = useCommandStore();
  const all = commands(state).filter((command) => keysOf(command).length > 0);
  return (
    <Drawer
      opened
      onClose={closeOverlay}
      position="right"
      size={400}
      title={t("app.help")}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      {!state.letters && <p className="quiet">{t("help.letters_off")}</p>}
      {places.map((place) => {
        const here = all.filter((command) => (command.where ?? "anywhere") === place);
        if (here.length === 0) return null;
        return (
          <section key={place} className={css.part}>
            <h2>{t(`help.${place}`)}</h2>
            <dl>
              {here.map((command) => (
                <Line key={command.id} command={command} />
              ))}
            </dl>
          </section>
        );
      })}
    </Drawer>
  );
}

function Line({ command }: { command: Command }) {
  const { t } = useTranslation();
  return (
    <div className={css.line}>
      <dt>{command.label}</dt>
      <dd>
        {keysOf(command).map((keys, i) => (
          <span key={keys}>
            {i > 0 && <span className="quiet small"> {t("help.or")} </span>}
            {written(keys).map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </span>
        ))}
      </dd>
    </div>
  );
}
