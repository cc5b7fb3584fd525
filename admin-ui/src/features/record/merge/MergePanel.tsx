import { Button, Checkbox, Drawer, Radio } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal, type Stored } from "~/api/client";
import { duplicates, type Match, merge } from "~/api/past";
import { read } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { asked, type Column, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";
import css from "./Merge.module.css";
import { differing, fill } from "./rows";

interface Props {
  object: ObjectModel;
  record: Stored;
  columns: Map<string, Column>;
  formats: Formats;
  onClose(): void;
}

const most = 4; // that stand side by side, this record among them

/** Records that are probably the same, side by side: which values stay is chosen, then they become one. */
export function MergePanel({ object, record, columns, formats, onClose }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [chosen, setChosen] = useState<string[]>([]);
  const may = me.rights.system.includes("merge") && object.can.update;
  const found = useQuery({
    queryKey: [me.tenant, object.name, "record", record.id, "duplicates"],
    queryFn: ({ signal }) => duplicates(object.name, record.id, signal),
  });
  const matches = found.data?.items ?? [];
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="min(960px, 100%)"
      title={t("record.merge.title")}
      closeButtonProps={{ "aria-label": t("record.close") }}
    >
      {found.isSuccess && matches.length === 0 && <p className="quiet">{t("record.merge.none")}</p>}
      {found.isError && <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>}
      <ul className={css.matches}>
        {matches.map((match) => (
          <Candidate
            key={match.id}
            match={match}
            why={!may ? t("record.merge.right") : match.object !== object.name ? t("record.merge.other") : undefined}
            full={chosen.length + 1 >= most && !chosen.includes(match.id)}
            chosen={chosen.includes(match.id)}
            onChoose={(on) => setChosen(on ? [...chosen, match.id] : chosen.filter((id) => id !== match.id))}
          />
        ))}
      </ul>
      {chosen.length > 0 && (
        <SideBySide
          key={chosen.join()}
          object={object}
          record={record}
          others={chosen}
          columns={columns}
          formats={formats}
          onDone={onClose}
        />
      )}
    </Drawer>
  );
}

interface CandidateProps {
  match: Match;
  why?: string;
  full: boolean;
  chosen: boolean;
  onChoose(on: boolean): void;
}

function Candidate({ match, why, full, chosen, onChoose }: CandidateProps) {
  const { t } = useTranslation();
  const name = match.name || t("record.hidden");
  return (
    <li>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the box of the kit is its control */}
      <label className={css.choose}>
        <Checkbox
          size="xs"
          aria-label={t("record.merge.choose", { name })}
          title={why}
          disabled={why !== undefined || full}
          checked={chosen}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </label>
      <a href={`/o/${match.object}/${match.id}`} target="_blank" rel="noopener">
        {name}
      </a>
      {why && <span className="quiet small">{why}</span>}
    </li>
  );
}

interface SidesProps extends Omit<Props, "onClose"> {
  others: string[];
  onDone(): void;
}

function SideBySide({ object, record, others, columns, formats, onDone }: SidesProps) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [takes, setTakes] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const fields = asked([...columns.values()]);
  const found = useQuery({
    queryKey: [me.tenant, object.name, "record", "several", others],
    queryFn: ({ signal }) => Promise.all(others.map((id) => read(object.name, id, fields, signal))),
  });
  if (!found.data) return null;
  const all = [record, ...found.data];
  const rows = differing(object, all);
  const from = { ...fill(rows, all), ...takes };
  const submit = async () => {
    setBusy(true);
    const values = Object.fromEntries(
      rows.flatMap((name) => {
        const taken = all.find((one) => one.id === from[name]);
        return taken && taken.id !== record.id ? [[name, taken[name] ?? null]] : [];
      }),
    );
    try {
      await merge(object.name, record.id, others, values);
      await cache.invalidateQueries({ queryKey: [me.tenant] });
      notify({ text: t("record.merge.done") });
      onDone();
    } catch (error) {
      const why = refusal(error);
      setProblem(why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={css.sides}>
      <table>
        <thead>
          <tr>
            <td />
            {all.map((one, i) => (
              <th key={one.id} scope="col">
                {String(one[object.nameField] ?? one.id)}
                <div className="quiet small">{t(i === 0 ? "record.merge.stays" : "record.merge.goes")}</div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((name) => {
            const column = columns.get(name);
            if (!column) return null;
            const { field, namePath } = column;
            return (
              <tr key={name}>
                <th scope="row">{field.label}</th>
                {all.map((one) => {
                  const value = one[name];
                  const called = namePath && (one[namePath] as string | null);
                  const none = value === null || value === undefined;
                  return (
                    <td key={one.id}>
                      <Radio
                        size="xs"
                        name={`merge-${name}`}
                        label={
                          none ? (
                            <span className="quiet">{t("record.empty")}</span>
                          ) : (
                            typeOf(field.shows).cell(value, { field, formats, name: called })
                          )
                        }
                        checked={from[name] === one.id}
                        onChange={() => setTakes((before) => ({ ...before, [name]: one.id }))}
                      />
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length === 0 && <p className="quiet">{t("record.merge.same")}</p>}
      {problem && (
        <p className="bad" role="alert">
          {problem}
        </p>
      )}
      <Button size="xs" loading={busy} onClick={() => void submit()}>
        {t("record.merge.go", { count: others.length })}
      </Button>
    </div>
  );
}
