import { addressOf, type FileRef, thumbnailOf } from "~/api/files";
import { fieldType } from "../field";
import { later } from "../later";

const text = (value: FileRef[]) => value.map((file) => file.name).join(", ");

export default fieldType<FileRef[]>({
  type: "image",
  width: 120,
  cell: (value) =>
    value.map((file) => (
      <a key={file.id} href={addressOf(file.id)} target="_blank" rel="noopener">
        <img className="thumbnail" src={thumbnailOf(file.id, 96)} alt={file.name} loading="lazy" />
      </a>
    )),
  text,
  follows: true,
  stands: true,
  sample: () => [{ id: "0000000000001", name: "house.png", size: 81_234, type: "image/png" }],
  Input: later(() => import("../files/Input")),
});
