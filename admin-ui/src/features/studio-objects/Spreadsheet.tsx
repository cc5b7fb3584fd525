import { Loader } from "@mantine/core";
import { IconFileSpreadsheet } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { preview } from "~/api/imports";
import { useSession } from "~/meta/session";
import { DropOver } from "~/ui/DropOver";
import { tables, useDrop } from "~/ui/dropping";
import { notify } from "~/ui/notices";
import { proposalKey } from "./FromFile";
import css from "./Objects.module.css";

/** Sends a file that an object is to be made of, and shows what it would be. */
export function useFile() {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const go = useNavigate();
  const [params] = useSearchParams();
  return useMutation({
    mutationFn: async (file: File) => {
      if (!me.rights.system.includes("import")) throw new Error(t("import.no_right"));
      return preview({ object: "" }, file);
    },
    onSuccess: (found) => {
      cache.setQueryData(proposalKey(me.tenant, found.upload), found);
      const next = new URLSearchParams({ upload: found.upload });
      const draft = params.get("draft");
      if (draft) next.set("draft", draft);
      go(`/studio/objects?${next}`);
    },
    onError: (error) => notify({ text: refusal(error)?.detail ?? (error.message || t("error.offline")), tone: "bad" }),
  });
}

/** Takes a spreadsheet that is dropped anywhere onto the page of objects. */
export function Dropping() {
  const { t } = useTranslation();
  const { mutate, isPending } = useFile();
  const over = useDrop((file) => mutate(file));
  if (!over && !isPending) return null;
  return <DropOver>{isPending ? <Loader size="sm" /> : t("studio.drop_here")}</DropOver>;
}

/** Chooses a spreadsheet. */
export function ChooseFile({ chosen }: { chosen(): void }) {
  const { t } = useTranslation();
  const { mutate, isPending } = useFile();
  return (
    <label className={css.file}>
      {isPending ? <Loader size="xs" /> : <IconFileSpreadsheet size={16} aria-hidden />}
      <span>{t("studio.from_file_choose")}</span>
      <input
        type="file"
        accept={tables}
        disabled={isPending}
        aria-label={t("studio.from_file_choose")}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) mutate(file, { onSuccess: chosen });
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}
