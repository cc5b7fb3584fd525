import { kinds } from "../kinds";

export default kinds.presence;
