import { kinds } from "../kinds";

export default kinds.text;
