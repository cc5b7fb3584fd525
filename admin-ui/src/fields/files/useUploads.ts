import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { type FileRef, upload } from "~/api/files";

export interface Upload {
  key: number;
  name: string;
  /** That has arrived, from 0 to 1. */
  share: number;
  problem?: string;
  cancel(): void;
}

/** Uploads files one after another; `arrived` gets each that is there. Those that fail stay to be seen, with the reason. */
export function useUploads(arrived: (file: FileRef) => unknown) {
  const { t } = useTranslation();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const counter = useRef(0);
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const tell = useRef(arrived);
  useEffect(() => {
    tell.current = arrived;
  });

  const drop = (key: number) => setUploads((all) => all.filter((one) => one.key !== key));
  const change = (key: number, to: Partial<Upload>) =>
    setUploads((all) => all.map((one) => (one.key === key ? { ...one, ...to } : one)));
  const add = (files: Iterable<File>, refused: (file: File) => string | undefined = () => undefined) => {
    for (const file of files) {
      const key = ++counter.current;
      const stop = new AbortController();
      const cancel = () => {
        stop.abort();
        drop(key);
      };
      const problem = refused(file);
      setUploads((all) => [...all, { key, name: file.name, share: 0, problem, cancel }]);
      if (problem) continue;
      last.current = last.current.then(async () => {
        if (stop.signal.aborted) return;
        try {
          await tell.current(await upload(file, (share) => change(key, { share }), stop.signal));
          drop(key);
        } catch (cause) {
          if (!stop.signal.aborted) change(key, { problem: refusal(cause)?.detail ?? t("error.offline") });
        }
      });
    }
  };
  return { uploads, add };
}
