const colours: Record<string, string | undefined> = {
  waiting: "blue",
  done: "green",
  approved: "green",
  failed: "red",
  rejected: "red",
};

/** What state something is in, in words, in the colour of that. */
export const State = ({ of, says }: { of: string; says: string }) => (
  <span className="chip" data-colour={colours[of]}>
    {says}
  </span>
);
