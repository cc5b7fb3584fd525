package catalog

import (
	"encoding/json"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// roleKind is the kind of the documents that are places in the reporting tree.
type roleKind struct{ Documents[metadata.Role] }

// Roles are the roles of a snapshot.
func Roles(s *Snapshot) map[string]*metadata.Role { return Of[map[string]*metadata.Role](s, "role") }

func (roleKind) Name() string            { return "role" }
func (roleKind) Schema() json.RawMessage { return schemaOf("role") }

// AlsoCalled are the names that other systems have for the kind.
func (roleKind) AlsoCalled() []string {
	return []string{"user_role"}
}

func (roleKind) Compile(c *Compiling) any {
	roles := Read[metadata.Role](c)
	c.checkRoles(roles)
	return roles
}

// maxRoleDepth is how many levels the tree of roles may have.
const maxRoleDepth = 100

// checkRoles refuses parents that do not exist, and trees that have no end.
func (b *builder) checkRoles(roles map[string]*metadata.Role) {
	for _, name := range byName(roles) {
		pointer := pointerTo("role", name) + "/parent"
		trail := []string{name}
		for at := roles[name]; at.Parent != ""; {
			parent := roles[at.Parent]
			if parent == nil {
				if at.Name == name {
					b.unknownDocument("role", at.Parent, pointer)
				}
				break
			}
			before := slices.Contains(trail, at.Parent)
			trail = append(trail, at.Parent)
			if at.Parent == name {
				b.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", strings.Join(trail, " → ")), pointer)
				break
			}
			if before {
				break // it leads into a cycle of others, reported there
			}
			if len(trail) > maxRoleDepth {
				b.report(fault.New(fault.Invalid, "catalog.role_depth", "max", maxRoleDepth), pointer)
				break
			}
			at = parent
		}
	}
}
