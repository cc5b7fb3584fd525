import { Loader } from "@mantine/core";
import { IconFileSpreadsheet } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fileOf, tables } from "~/ui/dropping";
import css from "./Import.module.css";

interface Props {
  busy: boolean;
  problem?: string;
  onFile(file: File): void;
}

/** The place for a file: dropped, or chosen. */
export function Drop({ busy, problem, onFile }: Props) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  return (
    <label
      className={css.drop}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = fileOf(event);
        if (file && !busy) onFile(file);
      }}
    >
      {busy ? <Loader size="sm" /> : <IconFileSpreadsheet size={32} stroke={1.5} aria-hidden />}
      <strong>{t(busy ? "import.sending" : "import.drop")}</strong>
      <span className="quiet small">{t("import.kinds")}</span>
      <input
        type="file"
        accept={tables}
        disabled={busy}
        aria-label={t("import.choose_file")}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = "";
        }}
      />
      {problem && (
        <span role="alert" className="bad">
          {problem}
        </span>
      )}
    </label>
  );
}
