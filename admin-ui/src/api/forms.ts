import type { Schemas } from "./client";
import { follow } from "./linked";

/** A form by which people outside make records. */
export type PublicForm = Schemas["PublicForm"];

/** Which form an address is of: /f/{tenant}/{form}. */
export interface FormPlace {
  tenant: string;
  form: string;
}

/** The form of an address; undefined of another. */
export function formAt(path: string): FormPlace | undefined {
  const [, tenant, form] = /^\/f\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return tenant && form ? { tenant: decodeURIComponent(tenant), form: decodeURIComponent(form) } : undefined;
}

const path = ({ tenant, form }: FormPlace) => `/api/v1/forms/${encodeURIComponent(tenant)}/${encodeURIComponent(form)}`;

export const openForm = (of: FormPlace, language: string) => follow<PublicForm>(path(of), language, { method: "GET" });

export const sendForm = (of: FormPlace, language: string, token: string, body: Schemas["SentForm"]) =>
  follow<Schemas["TakenForm"]>(path(of), language, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
