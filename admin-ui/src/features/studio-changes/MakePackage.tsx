import { Button, Checkbox, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ownDocuments } from "~/api/packages";
import type { Document } from "~/api/session";
import { useSession } from "~/meta/session";
import { labelOf } from "~/studio/DocumentList";
import { useKind } from "~/studio/drafting";
import { nameOf } from "~/studio/patching";
import { lacking, writeBundle } from "./bundle";
import css from "./Changes.module.css";

const keyOf = (one: Document) => `${one.kind}/${String(one.name)}`;
const versionForm = /^\d+\.\d+\.\d+$/;

/** A package of documents that are the tenant's own, as a file that another tenant can take. */
export function MakePackage({ close }: { close(): void }) {
  const { t, i18n } = useTranslation();
  const { me, model } = useSession();
  const installed = useKind("package") ?? [];
  const found = useQuery({ queryKey: [me.tenant, "own", model.revision], queryFn: ownDocuments });
  const [label, setLabel] = useState("");
  const [version, setVersion] = useState("1.0.0");
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const own = (found.data ?? []).filter((one) => one.kind !== "package");
  const taken = own.filter((one) => chosen.has(keyOf(one)));
  const missing = lacking(taken, own);
  const toggle = (keys: string[], on: boolean) => {
    const next = new Set(chosen);
    for (const key of keys)
      if (on) next.add(key);
      else next.delete(key);
    choose(next);
  };
  const save = () => {
    const name = nameOf(label, () => false, "package");
    const requires = Object.fromEntries(
      installed.map((one) => [String(one.name), String((one as { version?: string }).version)]),
    );
    const head = { kind: "package", name, label: label.trim(), version, requires } as unknown as Document;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([writeBundle(head, taken)], { type: "application/json" }));
    link.download = `${name}-${version}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
    close();
  };
  return (
    <section className={css.part} aria-label={t("studio.packages.make")}>
      <Button size="compact-xs" variant="subtle" onClick={close} style={{ justifySelf: "start" }}>
        {t("studio.packages.back")}
      </Button>
      <p className="quiet">{t("studio.packages.make_says")}</p>
      <TextInput
        size="xs"
        label={t("studio.label")}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        label={t("studio.packages.version_of")}
        value={version}
        error={versionForm.test(version) ? undefined : t("studio.packages.version_form")}
        onChange={(event) => setVersion(event.currentTarget.value)}
      />
      {found.isSuccess && own.length === 0 && <p className="quiet">{t("studio.packages.none_own")}</p>}
      <ul className={css.list}>
        {own.map((one) => (
          <li key={keyOf(one)}>
            <Checkbox
              size="xs"
              label={labelOf(one, i18n.language)}
              description={`${t(`studio.kind.${one.kind}`)} · ${String(one.name)}`}
              checked={chosen.has(keyOf(one))}
              onChange={(event) => toggle([keyOf(one)], event.currentTarget.checked)}
            />
          </li>
        ))}
      </ul>
      {missing.length > 0 && (
        <div className={css.line}>
          <span>
            {t("studio.packages.lacks")} {missing.map((one) => labelOf(one, i18n.language)).join(", ")}
          </span>
          <Button size="compact-xs" variant="default" onClick={() => toggle(missing.map(keyOf), true)}>
            {t("studio.packages.take_too")}
          </Button>
        </div>
      )}
      <Button
        size="xs"
        style={{ justifySelf: "start" }}
        disabled={!label.trim() || !versionForm.test(version) || taken.length === 0}
        onClick={save}
      >
        {t("studio.packages.save")}
      </Button>
    </section>
  );
}
