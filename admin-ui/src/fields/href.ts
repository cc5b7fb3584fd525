/** Whether an address may be followed: sites, mail, telephone, and paths of this site. Nothing that could run. */
export const followable = (address: string): boolean => /^(https?:\/\/|mailto:|tel:|\/(?![/\\]))/i.test(address);
