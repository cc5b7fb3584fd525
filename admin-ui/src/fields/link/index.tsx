import { fieldType } from "../field";
import { followable } from "../href";

interface Link {
  url: string;
  label?: string;
}

/** What is on this site stays in this window. An address that may not be followed is text. */
export default fieldType<Link>({
  type: "link",
  width: 160,
  cell: (value) =>
    followable(value.url) ? (
      <a href={value.url} {...(value.url.startsWith("/") ? {} : { target: "_blank", rel: "noopener noreferrer" })}>
        {value.label || value.url}
      </a>
    ) : (
      value.label || value.url
    ),
  text: (value) => value.label || value.url,
});
