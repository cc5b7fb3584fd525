import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { attach, attached, detach } from "~/api/files";
import { useUploads } from "~/fields/files/useUploads";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";

/** The files of a record, which are asked for once somebody wants to see them. */
export function useFiles(object: ObjectModel, id: string, wanted: boolean) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const key = [me.tenant, object.name, "record", id, "files"];
  const found = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => attached(object.name, id, signal),
    enabled: wanted,
  });
  const again = () => cache.invalidateQueries({ queryKey: key });
  const { uploads, add } = useUploads(async (file) => {
    await attach(object.name, id, [file.id]);
    await again();
  });
  return {
    items: (found.data?.items ?? []).map(({ id, name, size, type }) => ({ id, name, size, type: type ?? "" })),
    settled: found.isSuccess,
    uploads,
    add,
    remove: (file: string) =>
      void detach(object.name, id, file)
        .then(again)
        .catch((error) => notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" })),
  };
}

export type AttachedFiles = ReturnType<typeof useFiles>;
