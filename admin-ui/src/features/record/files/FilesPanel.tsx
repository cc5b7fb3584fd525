import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Formats } from "~/fields";
import { FileList } from "~/fields/files/FileList";
import type { AttachedFiles } from "./useFiles";

/** The files that hang on a record besides its fields. */
export function FilesPanel({ files, formats, fixed }: { files: AttachedFiles; formats: Formats; fixed: boolean }) {
  const { t } = useTranslation();
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <div>
      <FileList
        files={files.items}
        uploads={files.uploads}
        formats={formats}
        onRemove={fixed ? undefined : (file) => files.remove(file.id)}
      />
      {files.settled && files.items.length + files.uploads.length === 0 && (
        <p className="quiet">{t(fixed ? "record.related_none" : "record.files_none")}</p>
      )}
      {!fixed && (
        <>
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              files.add([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<IconUpload size={14} />}
            onClick={() => chooser.current?.click()}
          >
            {t("fields.file.add")}
          </Button>
        </>
      )}
    </div>
  );
}
