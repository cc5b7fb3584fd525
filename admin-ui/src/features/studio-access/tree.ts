// Roles, each under another.
export interface RoleDoc {
  name: string;
  parent?: string;
  label?: unknown;
}

/** The roles under each, in the order of their names; those under nothing, or under what is not there, are under null. */
export function treeOf(roles: RoleDoc[]): Map<string | null, RoleDoc[]> {
  const names = new Set(roles.map(({ name }) => name));
  const tree = new Map<string | null, RoleDoc[]>();
  for (const role of [...roles].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const parent = role.parent && names.has(role.parent) ? role.parent : null;
    tree.set(parent, [...(tree.get(parent) ?? []), role]);
  }
  return tree;
}

/** All roles under one, at any depth; whatever goes in circles ends. */
export function below(roles: RoleDoc[], role: string): Set<string> {
  const tree = treeOf(roles);
  const found = new Set<string>();
  const add = (name: string) => {
    for (const one of tree.get(name) ?? []) {
      if (found.has(one.name)) continue;
      found.add(one.name);
      add(one.name);
    }
  };
  add(role);
  return found;
}
