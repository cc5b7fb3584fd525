import { kinds } from "../kinds";

export default kinds.number;
