import { addressOf, type FileRef } from "~/api/files";
import { fieldType } from "../field";
import { later } from "../later";

const text = (value: FileRef[]) => value.map((file) => file.name).join(", ");

export default fieldType<FileRef[]>({
  type: "file",
  width: 180,
  cell: (value) =>
    value.map((file) => (
      <a key={file.id} href={addressOf(file.id)} download={file.name} className="chip">
        {file.name}
      </a>
    )),
  text,
  follows: true,
  stands: true,
  sample: () => [{ id: "0000000000001", name: "plan.pdf", size: 81_234, type: "application/pdf" }],
  Input: later(() => import("../files/Input")),
});
