import { fieldType } from "../field";

interface Link {
  url: string;
  label?: string;
}

/** The server lets no address through that could run anything; what is on this site stays in this window. */
export default fieldType<Link>({
  type: "link",
  width: 160,
  cell: (value) => (
    <a href={value.url} {...(value.url.startsWith("/") ? {} : { target: "_blank", rel: "noopener noreferrer" })}>
      {value.label || value.url}
    </a>
  ),
  text: (value) => value.label || value.url,
});
