export { Pending as default } from "~/features/record";
