import { ActionIcon, Progress } from "@mantine/core";
import { IconFile, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { addressOf, type FileRef, thumbnailOf } from "~/api/files";
import type { Formats } from "../formats";
import css from "./Files.module.css";
import type { Upload } from "./useUploads";

interface Props {
  files: FileRef[];
  uploads: Upload[];
  formats: Formats;
  large?: boolean;
  onRemove?(file: FileRef): void;
}

const pictures = new Set(["image/gif", "image/jpeg", "image/png", "image/webp"]);

/** A size as people say it. */
export const sizeOf = (bytes: number, language: string): string => {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[at],
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: at > 1 ? 1 : 0,
  }).format(bytes / 1000 ** at);
};

/** Files with their small pictures, and what is under way. */
export function FileList({ files, uploads, formats, large, onRemove }: Props) {
  const { t } = useTranslation();
  if (files.length === 0 && uploads.length === 0) return null;
  return (
    <ul className={css.list} data-large={large}>
      {files.map((file) => (
        <li key={file.id}>
          {pictures.has(file.type) ? (
            <img src={thumbnailOf(file.id, large ? 320 : 96)} alt="" loading="lazy" />
          ) : (
            <IconFile size={20} className="quiet" aria-hidden />
          )}
          <span className={css.name}>
            <a
              href={addressOf(file.id)}
              download={pictures.has(file.type) ? undefined : file.name}
              target="_blank"
              rel="noopener"
            >
              {file.name}
            </a>
            <span className="quiet small">{sizeOf(file.size, formats.language)}</span>
          </span>
          {onRemove && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="md"
              aria-label={t("fields.file.remove", { name: file.name })}
              onClick={() => onRemove(file)}
            >
              <IconX size={14} />
            </ActionIcon>
          )}
        </li>
      ))}
      {uploads.map((one) => (
        <li key={one.key}>
          <span className={css.name}>
            {one.name}
            {one.problem ? (
              <span className="bad small" role="alert">
                {one.problem}
              </span>
            ) : (
              <Progress value={one.share * 100} size="xs" aria-label={t("fields.file.uploading", { name: one.name })} />
            )}
          </span>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="md"
            aria-label={t("fields.file.cancel", { name: one.name })}
            onClick={one.cancel}
          >
            <IconX size={14} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}
