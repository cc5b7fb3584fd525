export { Notices } from "./Notices";
export { dismiss, type Notice, notify } from "./notices";
