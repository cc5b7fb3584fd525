export { Notices } from "./Notices";
export { dismiss, forgetFailures, type Notice, notify } from "./notices";
