import { Button, Loader, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconArrowBackUp, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useParams, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import type { Binned } from "~/api/past";
import { useFormats } from "~/fields/useFormats";
import type { ObjectModel } from "~/meta/model";
import { useObject } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Title } from "~/ui/Title";
import css from "./Bin.module.css";
import { useBin } from "./useBin";

/** The deleted records of an object: who deleted them and when, found by words, and restored one by one or many at once. */
export default function BinPage() {
  const { t } = useTranslation();
  const object = useObject(useParams().object);
  if (!object) return <Failure says={t("app.lost")} lost />;
  return <Bin key={object.name} object={object} />;
}

function Bin({ object }: { object: ObjectModel }) {
  const { t } = useTranslation();
  const [at, setAt] = useSearchParams();
  const { from } = (useLocation().state ?? {}) as { from?: string }; // the list as it was left
  const q = at.get("q") ?? "";
  const bin = useBin(object, q);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const chosen = bin.items.filter((one) => ids.has(one.id));
  const search = useDebouncedCallback(
    (words: string) => setAt(words ? { q: words } : {}, { replace: true, state: { from } }),
    200,
  );
  const choose = (some: Binned[], on: boolean) => {
    const next = new Set(ids);
    for (const { id } of some) on ? next.add(id) : next.delete(id);
    setIds(next);
  };
  const title = t("bin.title", { object: object.plural });
  const why = refusal(bin.found.error);
  return (
    <section className={css.page}>
      <Title>{title}</Title>
      <header className={css.head}>
        <h1>{title}</h1>
        <Link to={`/o/${object.name}${from ?? ""}`}>{t("bin.back")}</Link>
        {object.can.delete && (
          <TextInput
            className={css.search}
            size="xs"
            type="search"
            aria-label={t("bin.search")}
            placeholder={t("bin.search")}
            leftSection={<IconSearch size={14} />}
            defaultValue={q}
            onChange={(event) => search(event.currentTarget.value)}
          />
        )}
      </header>
      {!object.can.delete ? (
        <p className="quiet">{t("bin.no_right")}</p>
      ) : bin.found.isError ? (
        <Failure says={why?.detail} id={why?.id} again={() => void bin.found.refetch()} />
      ) : bin.looking ? (
        <Loader size="xs" />
      ) : (
        <>
          {bin.items.length === 0 && !bin.more && <p className="quiet">{t(q ? "bin.no_match" : "bin.none")}</p>}
          {bin.items.length > 0 && (
            <div className={css.bar}>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.length === bin.items.length}
                  onChange={(event) => choose(bin.items, event.currentTarget.checked)}
                />
                {chosen.length > 0 ? t("bin.chosen", { count: chosen.length }) : t("bin.choose_all")}
              </label>
              {chosen.length > 0 && (
                <Button
                  size="compact-sm"
                  leftSection={<IconArrowBackUp size={14} />}
                  loading={bin.busy}
                  onClick={() => void bin.restore(chosen)}
                >
                  {t("bin.restore")}
                </Button>
              )}
            </div>
          )}
          <ul data-stale={bin.found.isPlaceholderData}>
            {bin.items.map((one) => (
              <Line
                key={one.id}
                one={one}
                by={one.deleted_by ? (bin.names[one.deleted_by] ?? t("bin.somebody")) : t("bin.program")}
                chosen={ids.has(one.id)}
                busy={bin.busy}
                onChoose={(on) => choose([one], on)}
                onRestore={() => void bin.restore([one])}
              />
            ))}
          </ul>
          {bin.more && (
            <Button
              variant="subtle"
              size="compact-sm"
              loading={bin.found.isFetchingNextPage}
              onClick={() => void bin.found.fetchNextPage()}
            >
              {t("bin.further")}
            </Button>
          )}
        </>
      )}
    </section>
  );
}

interface LineProps {
  one: Binned;
  by: string;
  chosen: boolean;
  busy: boolean;
  onChoose(on: boolean): void;
  onRestore(): void;
}

function Line({ one, by, chosen, busy, onChoose, onRestore }: LineProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const name = one.name || t("bin.nameless");
  return (
    <li data-chosen={chosen}>
      <label>
        <input
          type="checkbox"
          aria-label={t("bin.choose", { name })}
          checked={chosen}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
        <span className={css.name}>{name}</span>
      </label>
      <span className="quiet small">{t("bin.by", { who: by })}</span>
      <time className="quiet small" dateTime={one.deleted_at}>
        {formats.datetime(one.deleted_at)}
      </time>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={t("bin.restore_one", { name })}
        disabled={busy}
        onClick={onRestore}
      >
        {t("bin.restore")}
      </Button>
    </li>
  );
}
