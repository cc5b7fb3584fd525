// Where the steps of a workflow may lead: read from the schema of each type, in which such a member is a `next`.
import type { Schema } from "~/studio/shape";

export interface Step {
  type: string;
  [member: string]: unknown;
}

/** A workflow as documents have it; what somebody is still drawing may lack any of it. */
export interface Flow {
  kind: string;
  name: string;
  object?: string;
  trigger?: { type?: string; [member: string]: unknown };
  start?: string;
  steps?: Record<string, Step>;
  [member: string]: unknown;
}

/**
 * What leads on: `next` to what follows, `exit` to what follows in some case, `body` to what is done repeatedly or on
 * one of several ways and comes back, `failed` and `undo` to what is done when something went wrong.
 */
export type Way = "next" | "exit" | "body" | "failed" | "undo";

export interface Port {
  /** Its members from the step on, such as cases, 0, next. */
  at: string[];
  to: string | undefined;
  /** What people read; of one of a list, what the list is called. */
  title: string;
  /** The condition under which it is gone, of one of a list. */
  when?: string;
  is: Way;
}

/** A port of a type; `each` stands for the number of one in a list. */
interface PortOf {
  at: string[];
  title: string;
  is: Way;
}

export type Ports = Map<string, PortOf[]>;

const each = "*";
const isSchema = (v: unknown): v is Schema => typeof v === "object" && v !== null && !Array.isArray(v);
const membersOf = (v: unknown): Schema => (isSchema(v) ? v : {});
const isNext = (v: unknown): v is Schema => isSchema(v) && v.$ref === "#/$defs/next";

/** In which order ports stand beside each other. What is not named stands before what went wrong. */
const order = ["then", "approved", "next", "cases", "ways", "do", "else", "rejected", "late", "none"];
const rank = ({ at: [name = ""], is }: PortOf) =>
  is === "undo" ? 99 : is === "failed" ? 98 : order.includes(name) ? order.indexOf(name) : order.length;

const wayOf = (name: string): Way =>
  name === "do" ? "body" : name === "next" || name === "failed" || name === "undo" ? name : "exit";

function portsIn(schema: Schema, next: string): PortOf[] {
  return Object.entries(membersOf(schema.properties)).flatMap(([name, one]): PortOf[] => {
    const title = (of: Schema, other: string) => (typeof of.title === "string" ? of.title : other);
    if (isNext(one)) return [{ at: [name], title: title(one, name === "next" ? next : name), is: wayOf(name) }];
    if (!isSchema(one) || !isSchema(one.items)) return [];
    const [inner] = Object.entries(membersOf(one.items.properties)).filter(([, member]) => isNext(member));
    return inner
      ? [{ at: [name, each, inner[0]], title: title(one, name), is: inner[0] === "do" ? "body" : "exit" }]
      : [];
  });
}

/** The ports of all types of steps. */
export function portsOf(root: Schema): Ports {
  const defs = membersOf(root.$defs);
  const next = membersOf(defs.next).title;
  const read = (schema: unknown) => portsIn(membersOf(schema), typeof next === "string" ? next : "next");
  const shared = read(defs["step.shared"]);
  const prefix = "step.of.";
  return new Map(
    Object.keys(defs)
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), [...read(defs[name]), ...shared].sort((a, b) => rank(a) - rank(b))]),
  );
}

/** The ports of a step, with where each leads. */
export function portsAt(step: Step, ports: Ports): Port[] {
  return (ports.get(step.type) ?? []).flatMap(({ at, title, is }): Port[] => {
    const [name = "", many, inner = ""] = at;
    if (many === undefined) return [{ at, title, is, to: nameIn(step[name]) }];
    const list = Array.isArray(step[name]) ? step[name] : [];
    return list.map((one, i) => {
      const { when, [inner]: to } = membersOf(one);
      return { at: [name, String(i), inner], title, is, to: nameIn(to), ...(typeof when === "string" && { when }) };
    });
  });
}

const nameIn = (v: unknown) => (typeof v === "string" && v !== "" ? v : undefined);

/** The port by which a step of a type goes on as a rule; undefined: it ends what leads to it. */
export const mainOf = (type: string, ports: Ports): string[] | undefined => {
  const all = (ports.get(type) ?? []).filter(({ at }) => at.length === 1);
  return (all.find(({ is }) => is === "next") ?? all.find(({ is }) => is === "exit"))?.at;
};
