import { TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Document } from "~/api/session";
import { say } from "~/meta/documents";
import { Glyph } from "~/ui/Glyph";
import css from "./DocumentList.module.css";
import { keyOf, useDocuments, useDrafting } from "./drafting";
import { addressOf } from "./kinds";

interface Props {
  kinds: readonly string[];
  /** The one that is shown, as kind/name. */
  current?: string;
  /** Makes another one. */
  action: ReactNode;
}

type Line = { heading: string } | { document: Document };

/** The documents of some kinds, by what people call them; those that the draft changes are marked. */
export function DocumentList({ kinds, current, action }: Props) {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { draft } = useDrafting();
  const [params] = useSearchParams();
  const [words, setWords] = useState("");
  const tall = useMediaQuery("(max-width: 720px)") ? 44 : 32;
  const changed = useMemo(() => new Set(draft?.documents.map(keyOf)), [draft]);
  const lines = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    return kinds.flatMap((kind): Line[] => {
      const of = [...(documents?.values() ?? [])]
        .filter((d) => d.kind === kind)
        .map((document) => ({ document, label: labelOf(document, i18n.language) }))
        .filter(({ document, label }) => `${label} ${document.name}`.toLowerCase().includes(wanted))
        .sort((a, b) => a.label.localeCompare(b.label, i18n.language));
      if (of.length === 0) return [];
      return [
        ...(kinds.length > 1 ? [{ heading: t(`studio.kind.${kind}`) }] : []),
        ...of.map(({ document }) => ({ document })),
      ];
    });
  }, [documents, kinds, words, i18n.language, t]);
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => tall,
    overscan: 12,
  });
  const kept = params.get("draft");
  return (
    <div className={css.list}>
      <div className={css.head}>
        <TextInput
          size="xs"
          type="search"
          leftSection={<IconSearch size={14} />}
          aria-label={t("studio.search")}
          placeholder={t("studio.search")}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {action}
      </div>
      <div className={css.scroll} ref={scroll}>
        <ul className={css.inner} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const line = lines[row.index] as Line;
            return (
              <li key={row.index} className={css.item} style={{ transform: `translateY(${row.start}px)` }}>
                {"heading" in line ? (
                  <h3>{line.heading}</h3>
                ) : (
                  <Link
                    to={addressOf(line.document as never, kept ?? undefined)}
                    aria-current={keyOf(line.document as never) === current ? "page" : undefined}
                  >
                    {line.document.kind === "object" && <Glyph name={(line.document as { icon?: string }).icon} />}
                    <span>{labelOf(line.document, i18n.language)}</span>
                    {changed.has(keyOf(line.document as never)) && (
                      <i className={css.mark} role="img" aria-label={t("studio.changed")} title={t("studio.changed")} />
                    )}
                  </Link>
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

/** What people call a document. */
export const labelOf = (document: Document, language: string): string =>
  say((document as { label?: never }).label, language, String(document.name));
