// What the page does, and what the server said to it.
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { begin, cancel, type Import, preview, progress, refusedRows, type Sent } from "~/api/imports";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { dropWaiting, waitingFor } from "~/meta/waiting";
import { type Choices, guessed, optionsOf } from "./mapping";
import { type Edits, readRefused, remaining, toSend } from "./refused";

/** An import that was begun: of the whole file, or of corrected rows. */
interface Run {
  id: string;
  numbers?: number[];
}

const pause = 400; // ms between looks at an import that goes on

export const over = (one: Import | undefined): boolean => !!one && one.state !== "waiting" && one.state !== "running";

export function useImporting(object: ObjectModel) {
  const { me } = useSession();
  const cache = useQueryClient();
  const [at, setAt] = useSearchParams();
  const [file, setFile] = useState<File>();
  const [chosen, setChosen] = useState<{ upload: string; choices: Choices }>();
  const [edits, setEdits] = useState<Edits>({});
  const [runs, setRuns] = useState<Run[]>([]);
  // The server gives up an upload once it was imported: nothing more is asked of it, though the address may still have it.
  const [spent, setSpent] = useState<string>();
  const key = [me.tenant, object.name, "import"];
  const upload = at.get("upload") ?? undefined;
  const asks = !!upload && upload !== spent && runs.length === 0;

  // The file is sent once; the address says which it was.
  const send = useMutation({
    mutationFn: ({ file, sheet }: { file: File; sheet?: string }) => preview({ object: object.name, sheet }, file),
    onSuccess: (found, { file }) => {
      cache.setQueryData([...key, "preview", found.upload], found);
      setFile(file);
      setEdits({});
      setRuns([]);
      setAt({ upload: found.upload }, { replace: true });
    },
  });
  const seen = useQuery({
    queryKey: [...key, "preview", upload],
    queryFn: ({ signal }) => preview({ object: object.name }, upload as string, signal),
    enabled: asks,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  // Of a file that the object was made of it is known where the columns go.
  const known = useMemo(() => {
    const rows = waitingFor(me, object.name);
    return rows?.upload === upload ? rows?.fields : undefined;
  }, [me, object.name, upload]);
  const first = useMemo(
    () => seen.data && { key: "", anyStage: false, sheet: seen.data.sheet, targets: guessed(seen.data, known) },
    [seen.data, known],
  );
  const choices = chosen && chosen.upload === upload ? chosen.choices : first;
  const choose = (changes: Partial<Choices>) => {
    if (upload && choices) setChosen({ upload, choices: { ...choices, ...changes } });
  };

  // Values that are unknown to other fields than those that were guessed are asked for.
  const options = seen.data && choices && optionsOf(object.name, seen.data, choices);
  const mapped = JSON.stringify(seen.data && choices && optionsOf(object.name, seen.data, choices, false).fields);
  const asGuessed = seen.data && first && mapped === JSON.stringify(optionsOf(object.name, seen.data, first).fields);
  const others = useQuery({
    queryKey: [...key, "unknown", upload, mapped],
    queryFn: ({ signal }) => preview({ object: object.name, fields: JSON.parse(mapped) }, upload as Sent, signal),
    enabled: asks && !!options && !asGuessed,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const unknown = (asGuessed ? seen.data : others.data)?.unknown ?? [];

  // The dry run begins by itself, anew for other options.
  const wanted = JSON.stringify(options);
  const [settled] = useDebouncedValue(wanted, 500);
  const trial = useQuery({
    queryKey: [...key, "trial", upload, settled],
    queryFn: () => begin({ ...JSON.parse(settled), dry_run: true }, upload as Sent),
    enabled: asks && !!options && Object.keys(options.fields ?? {}).length > 0 && settled === wanted,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const trialRun = settled === wanted ? trial.data?.id : undefined;

  const shown: Run[] = runs.length > 0 ? runs : trialRun ? [{ id: trialRun }] : [];
  const found = useQueries({
    queries: shown.map(({ id }) => ({
      queryKey: [...key, "run", id],
      queryFn: ({ signal }: { signal: AbortSignal }) => progress(id, signal),
      refetchInterval: ({ state }: { state: { data?: Import } }) => (over(state.data) ? (false as const) : pause),
    })),
  });
  const texts = useQueries({
    queries: shown.map(({ id }, i) => ({
      queryKey: [...key, "refused", id],
      queryFn: ({ signal }: { signal: AbortSignal }) => refusedRows(id, signal),
      enabled: over(found[i]?.data) && (found[i]?.data?.refused_kept ?? 0) > 0,
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const parts = shown.map(({ numbers }, i) => {
    const text = texts[i]?.data;
    return { numbers, refused: text === undefined ? undefined : readRefused(text, numbers) };
  });
  const refused = remaining(parts);
  const imports = found.map((one) => one.data);
  const done = shown.length > 0 && imports.every(over);

  // A dry run that is not wanted any more makes room for the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is cancelled when it gives way to another, and not for each drawing
  useEffect(() => {
    if (!trialRun) return;
    return () => {
      const last = cache.getQueryData<Import>([...key, "run", trialRun]);
      if (last && !over(last)) void cancel(last.job).catch(() => undefined);
    };
  }, [trialRun]);

  const run = useMutation({
    mutationFn: () => begin(JSON.parse(wanted), upload as Sent),
    onSuccess: ({ id }) => {
      setSpent(upload);
      if (known) dropWaiting(me, object.name);
      setRuns([{ id }]);
    },
  });
  const again = useMutation({
    mutationFn: async () => {
      const { file, numbers } = toSend(refused, edits);
      const begun = await begin({ ...JSON.parse(wanted), sheet: undefined, delimiter: "," }, file);
      return { id: begun.id, numbers };
    },
    onSuccess: (next) => {
      setRuns((before) => [...before, next]);
      setEdits((before) =>
        Object.fromEntries(Object.entries(before).filter(([n]) => !next.numbers.includes(Number(n)))),
      );
    },
  });
  // What was corrected before the import goes with it.
  const corrected = refused.rows.filter((row) => edits[row.number]).length;
  const follows = done && runs.length === 1 && corrected > 0 && again.isIdle;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is sent once
  useEffect(() => {
    if (follows) again.mutate();
  }, [follows]);
  useEffect(() => {
    if (done && runs.length > 0) void cache.invalidateQueries({ queryKey: [me.tenant, object.name, "list"] });
  }, [done, runs.length, cache, me.tenant, object.name]);

  const leave = () => {
    setRuns([]);
    setEdits({});
    setFile(undefined);
    setAt({}, { replace: true });
    again.reset();
    run.reset();
  };
  return {
    file,
    send,
    seen,
    upload,
    choices,
    choose,
    unknown,
    trial,
    imports,
    refused,
    edits,
    setEdits,
    corrected,
    done,
    runs,
    run,
    again,
    leave,
  };
}

export type Importing = ReturnType<typeof useImporting>;

/** The counts of all that was sent: a row that was corrected counts once. */
export function countsOf(imports: (Import | undefined)[], runs: { numbers?: number[] }[]) {
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0, done: 0, total: 0 };
  imports.forEach((one, i) => {
    if (!one) return;
    counts.created += one.created;
    counts.updated += one.updated;
    counts.unchanged += one.unchanged;
    counts.refused += one.refused - (over(one) ? (runs[i]?.numbers?.length ?? 0) : 0);
    counts.done += one.done;
    counts.total += one.total;
  });
  return counts;
}
