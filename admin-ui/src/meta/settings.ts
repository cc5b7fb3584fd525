// Settings that a page keeps by a name of its own.
import { useCallback } from "react";
import { useChangeSettings, useSettings } from "./mine";

/** A setting and the way to change it; undefined takes it away. */
export function useSetting<T extends object>(name: string): [T | undefined, (value: T | undefined) => void] {
  const now = useSettings()[name] as T | undefined;
  const change = useChangeSettings();
  const set = useCallback(
    (value: T | undefined) => change({ [name]: value ? patchTo(now ?? {}, value) : null }),
    [change, name, now],
  );
  return [now, set];
}

/** The merge patch that makes one object of another: what is to go is null. */
export function patchTo(before: object, after: object): Record<string, unknown> {
  const was = before as Record<string, unknown>;
  const next = Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined));
  return Object.fromEntries([
    ...Object.keys(was)
      .filter((key) => !Object.hasOwn(next, key))
      .map((key) => [key, null]),
    ...Object.entries(next).map(([key, value]) => [
      key,
      plain(value) && plain(was[key]) ? patchTo(was[key], value) : value,
    ]),
  ]);
}

const plain = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
