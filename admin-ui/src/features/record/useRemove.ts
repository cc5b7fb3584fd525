import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { refusal } from "~/api/client";
import { remove, restore } from "~/api/records";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, undoThis } from "~/ui/commands";
import { notify } from "~/ui/notices";

/** Deletes a record and shows its list; for as long as the message is there, one click brings it back. */
export function useRemove(object: ObjectModel, id: string, name: string) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const go = useNavigate();
  const failed = (error: unknown) => notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
  return async () => {
    try {
      await remove(object.name, id);
    } catch (error) {
      return failed(error);
    }
    const label = t("record.deleted", { name });
    const undo = {
      label,
      undo: async () => {
        await restore(object.name, id);
        await cache.invalidateQueries({ queryKey: [me.tenant] });
        go(`/o/${object.name}/${id}`);
      },
    };
    pushUndo(undo);
    go(`/o/${object.name}`);
    cache.removeQueries({ queryKey: [me.tenant, object.name, "record", id] });
    await cache.invalidateQueries({ queryKey: [me.tenant] });
    notify({ text: label, action: { label: t("record.undo"), run: () => undoThis(undo).catch(failed) } });
  };
}
