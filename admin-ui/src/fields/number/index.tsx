import { numeric } from "../numeric";

export default numeric("number", (value, scale, { formats }) => formats.number(value, scale));
