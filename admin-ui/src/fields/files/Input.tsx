import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileRef } from "~/api/files";
import type { InputProps } from "../field";
import { FileList, sizeOf } from "./FileList";
import css from "./Files.module.css";
import { useUploads } from "./useUploads";

/** Files that a field names: dropped, pasted or chosen, uploaded at once. */
export default function Input(props: InputProps<FileRef[]>) {
  const { value, field, formats, label, required, problem, disabled, autoFocus, onChange, onDone } = props;
  const { t } = useTranslation();
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const now = useRef(value ?? []);
  useEffect(() => {
    now.current = value ?? [];
  }, [value]);
  const set = (files: FileRef[]) => {
    now.current = files;
    onChange(files.length > 0 ? files : null);
    onDone?.();
  };
  const { uploads, add } = useUploads((file) => set([...now.current.filter((one) => one.id !== file.id), file]));
  const max = field.doc.max ?? 10;
  const most = field.doc.max_size;
  const take = (files: Iterable<File>) => {
    let room = max - now.current.length;
    add(files, (file) => {
      if (room-- <= 0) return t("fields.file.too_many", { count: max });
      if (most && file.size > most) return t("fields.file.too_large", { size: sizeOf(most, formats.language) });
      return undefined;
    });
  };
  const types =
    field.doc.types ?? (field.shows === "image" ? ["image/png", "image/jpeg", "image/gif", "image/webp"] : undefined);
  return (
    <fieldset
      className={`parts ${css.drop}`}
      aria-label={label ?? field.label}
      data-over={over}
      disabled={disabled}
      onDragOver={(event) => {
        if (disabled || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (disabled || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        take(event.dataTransfer.files);
      }}
      onPaste={(event) => {
        if (event.clipboardData.files.length > 0) take(event.clipboardData.files);
      }}
    >
      {label && (
        <legend>
          {label}
          {required && " *"}
        </legend>
      )}
      <FileList
        files={value ?? []}
        uploads={uploads}
        formats={formats}
        large={field.shows === "image"}
        onRemove={disabled ? undefined : (file) => set(now.current.filter((one) => one.id !== file.id))}
      />
      {problem && <p className="bad small">{problem}</p>}
      {!disabled && (value?.length ?? 0) < max && (
        <>
          <input
            ref={chooser}
            type="file"
            hidden
            multiple={max > 1}
            accept={types?.join(",")}
            onChange={(event) => {
              take([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <Button
            variant="default"
            size="compact-xs"
            autoFocus={autoFocus}
            leftSection={<IconUpload size={14} />}
            onClick={() => chooser.current?.click()}
          >
            {t("fields.file.add")}
          </Button>
        </>
      )}
    </fieldset>
  );
}
