// Files in and out of a list: a menu, the same as commands, and dropping a file anywhere onto it.
import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconFileExport, IconFileImport } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { exportAddress, type Format, type Listed } from "~/api/imports";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { type Command, perform, useCommands } from "~/ui/commands";
import { DropOver } from "~/ui/DropOver";
import { useDrop } from "~/ui/dropping";
import { notify } from "~/ui/notices";
import { useDropped } from "./dropped";

interface Props {
  object: ObjectModel;
  /** What is listed. */
  listed: Listed;
}

export function ListTransfer({ object, listed }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const go = useNavigate();
  const may = (right: string) => me.rights.system.includes(right);
  const imports = may("import") && (object.can.create || object.can.update);
  const exports = (format: Format): Command => ({
    id: `list.export_${format}`,
    label: t(`import.export_${format}`),
    icon: IconFileExport,
    where: "list",
    keywords: "export download excel",
    run: () => download(exportAddress(object.name, format, listed)),
  });
  const open: Command = {
    id: "list.import",
    label: t("import.open"),
    icon: IconFileImport,
    where: "list",
    keywords: "import upload csv excel",
    run: () => go(`/o/${object.name}/import`),
  };
  const commands = [...(imports ? [open] : []), ...(may("export") ? [exports("csv"), exports("xlsx")] : [])];
  useCommands(commands);
  const over = useDrop((file) => {
    if (!imports) return notify({ text: t("import.no_right"), tone: "bad" });
    useDropped.setState({ file });
    go(`/o/${object.name}/import`);
  });
  if (commands.length === 0) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t(imports ? "import.menu" : "import.menu_out")}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {commands.map((command) => (
            <Menu.Item
              key={command.id}
              leftSection={command.icon && <command.icon size={14} />}
              onClick={() => void perform(command)}
            >
              {command.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {over && imports && <DropOver>{t("import.drop_here", { object: object.plural })}</DropOver>}
    </>
  );
}

/** Has the browser save what the server streams. */
function download(address: string) {
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}
