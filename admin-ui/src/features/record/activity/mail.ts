// Mail among the activity of a record. The server knows its object by name, and so does this.
import type { ActivityList } from "./stream";

export const isMail = (of: ActivityList) => of.object.name === "email";

/** What is told of a message before it is opened. */
export interface Envelope {
  from: string;
  to: string;
  incoming: boolean;
  /** The state, where it is not what one expects of a message. */
  state?: string;
  /** Why it was not sent: an option, or, of messages that came back or are of earlier versions, a text. */
  reason?: string;
  problem?: string;
}

const expected = new Set(["sent", "received"]);

export function envelopeOf(row: Record<string, unknown>): Envelope {
  const text = (name: string) => (typeof row[name] === "string" ? (row[name] as string) : "");
  const state = text("state");
  return {
    from: text("from_address"),
    to: text("to_addresses"),
    incoming: text("direction") === "incoming",
    state: state && !expected.has(state) ? state : undefined,
    reason: text("reason") || undefined,
    problem: text("problem") || undefined,
  };
}

/** The subject of an answer: what it answers, said once. */
export const answering = (subject: string) =>
  /^(re|aw|回复|答复)\s*[:：]/i.test(subject) ? subject : `Re: ${subject}`;

export interface Letter {
  subject: string;
  text: string;
  template?: string;
  language?: string;
  /** What the template said, where it has markup: it goes along for as long as the text is this. */
  marked?: string;
}

/** Whether the markup of the template is sent along. */
export const keepsMarkup = ({ marked, text }: Letter) => marked !== undefined && marked.trim() === text.trim();

/** The language that a template is written in first: the reader's, else its first. */
export const languageOf = (languages: string[], own: string) =>
  languages.find((one) => one === own) ??
  languages.find((one) => one.split("-")[0] === own.split("-")[0]) ??
  languages[0];
