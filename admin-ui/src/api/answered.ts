// What a person answered stays where it is until they leave: nothing that is still to be decided slides under the pointer.
import { useRef, useState } from "react";
import type { Approval } from "./approvals";

/** What a person did with a request that waited for them. */
export type Answer = "approved" | "rejected" | "passed_on";

export type OnAnswered = (now: Approval, answer: Answer) => void;

/** A list as it is now, with those of the list before that stay; each before the one that was behind it. */
export function inPlace<T extends { id: string }>(now: T[], before: T[], stays: (one: T) => boolean): T[] {
  const all = [...now];
  const at = (one: T | undefined) => (one ? all.findIndex(({ id }) => id === one.id) : -1);
  for (let i = before.length - 1; i >= 0; i--) {
    const one = before[i] as T;
    if (at(one) >= 0 || !stays(one)) continue;
    const behind = at(before.slice(i + 1).find((other) => at(other) >= 0));
    all.splice(behind < 0 ? all.length : behind, 0, one);
  }
  return all;
}

/** Requests with those in their places that were answered here, as the answers were. */
export function useAnswered(now: Approval[]) {
  const [answers, setAnswers] = useState<ReadonlyMap<string, Approval>>(new Map());
  const before = useRef<Approval[]>([]);
  const all = inPlace(now, before.current, ({ id }) => answers.has(id)).map((one) =>
    one.state === "pending" ? (answers.get(one.id) ?? one) : one,
  );
  before.current = all;
  return {
    all,
    answered: (one: Approval) => answers.has(one.id),
    some: answers.size > 0,
    onAnswered: (one: Approval) => setAnswers((others) => new Map(others).set(one.id, one)),
  };
}
