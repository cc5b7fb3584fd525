import { numeric } from "../numeric";

export default numeric("percent", (value, scale, { formats }) => formats.percent(value, scale));
