import { useEffect, useState } from "react";

/** What is typed, until it is left: then it is said. What comes from elsewhere meanwhile is shown unless somebody types. */
export function useTyped<T>(value: T, say: (typed: T) => void) {
  const [typed, setTyped] = useState(value);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!busy) setTyped(value);
  }, [value, busy]);
  return {
    typed,
    type(next: T) {
      setBusy(true);
      setTyped(next);
    },
    leave() {
      setBusy(false);
      if (typed !== value) say(typed);
    },
    give() {
      setBusy(false);
      setTyped(value);
    },
  };
}
