// Uploads, and the files that hang on a record besides its fields.
import { client, data, Offline, type Problem, Refusal, refused, type Schemas } from "./client";
import { isUnreached, noteReached } from "./connection";

export type FileInfo = Schemas["FileInfo"];

/** A file as a field's value names it. */
export interface FileRef {
  id: string;
  name: string;
  size: number;
  type: string;
}

const whole = 2 << 20; // bytes; what is larger goes up in pieces
const piece = 4 << 20;
const tries = 5;
const path = "/api/v1/files";

/** Uploads a file: a small one whole, a larger one by tus, which goes on after a break. `told` hears the share that has arrived. */
export async function upload(file: File, told: (share: number) => void, signal?: AbortSignal): Promise<FileRef> {
  const name = encodeURIComponent(file.name);
  if (file.size <= whole) {
    const info = (await answer(`${path}?name=${name}`, { method: "POST", body: file, signal })).json();
    told(1);
    return reference((await info) as FileInfo);
  }
  const begun = await answer(`${path}?name=${name}&type=${encodeURIComponent(file.type)}`, {
    method: "POST",
    headers: { "Tus-Resumable": "1.0.0", "Upload-Length": String(file.size) },
    signal,
  });
  const address = new URL(begun.headers.get("Location") ?? "", location.href).pathname;
  let offset = 0;
  let failed = 0;
  while (offset < file.size) {
    try {
      const end = Math.min(offset + piece, file.size);
      await answer(address, {
        method: "PATCH",
        headers: {
          "Tus-Resumable": "1.0.0",
          "Upload-Offset": String(offset),
          "Content-Type": "application/offset+octet-stream",
        },
        body: file.slice(offset, end),
        signal,
      });
      offset = end;
      failed = 0;
      told(offset / file.size);
    } catch (cause) {
      // A line that breaks, or an offset that is another, is asked about; every other refusal is final.
      const again = cause instanceof Offline || (cause instanceof Refusal && cause.problem.status === 409);
      if (!again || ++failed > tries) throw cause;
      await new Promise((wake) => setTimeout(wake, 250 * 2 ** failed));
      const at = await answer(address, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" }, signal }).catch(
        () => undefined,
      );
      offset = Number(at?.headers.get("Upload-Offset") ?? offset);
    }
  }
  const id = address.split("/").at(-1) as string;
  return reference(await data(client.GET("/api/v1/files/{id}/info", { params: { path: { id } }, signal })));
}

const reference = ({ id, name, size, type }: FileInfo): FileRef => ({ id, name, size, type: type ?? "" });

async function answer(address: string, init: RequestInit): Promise<Response> {
  let found: Response;
  try {
    found = await fetch(address, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    noteReached(false);
    throw new Offline("offline", { cause });
  }
  noteReached(!isUnreached(found));
  if (isUnreached(found)) throw new Offline("offline");
  if (found.ok) return found;
  const problem = (await found.json().catch(() => undefined)) as Problem | undefined;
  throw refused(
    problem ?? { type: "about:blank", title: "", status: found.status, code: "internal", detail: found.statusText },
  );
}

export const addressOf = (id: string) => `${path}/${encodeURIComponent(id)}`;
export const thumbnailOf = (id: string, size: 96 | 320 | 1024) => `${addressOf(id)}/thumbnail?size=${size}`;

export const attached = (object: string, id: string, signal?: AbortSignal) =>
  data(client.GET("/api/v1/records/{object}/{id}/files", { params: { path: { object, id } }, signal }));

export const attach = (object: string, id: string, files: string[]) =>
  data(client.POST("/api/v1/records/{object}/{id}/files", { params: { path: { object, id } }, body: { files } }));

export const detach = (object: string, id: string, file: string) =>
  data(client.DELETE("/api/v1/records/{object}/{id}/files/{file}", { params: { path: { object, id, file } } }));
