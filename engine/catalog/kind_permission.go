package catalog

import (
	"encoding/json"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// permissionKind is the kind of the documents of permission sets.
type permissionKind struct{ Documents[metadata.Permission] }

// Permissions are the permission sets of a snapshot.
func Permissions(s *Snapshot) map[string]*metadata.Permission {
	return Of[map[string]*metadata.Permission](s, "permission")
}

func (permissionKind) Name() string            { return "permission" }
func (permissionKind) Schema() json.RawMessage { return schemaOf("permission") }
func (permissionKind) Needs() []string         { return []string{"object"} }

// AlsoCalled are the names that other systems have for the kind.
func (permissionKind) AlsoCalled() []string {
	return []string{"profile", "permission_set"}
}

func (permissionKind) Compile(c *Compiling) any {
	c.checkIncludes()
	return Each(c, func(p *metadata.Permission, at string) *metadata.Permission {
		c.checkPermission(p, at)
		return p
	})
}

// checkIncludes checks that the sets which others include exist, and that none leads back
// to itself.
func (c *Compiling) checkIncludes() {
	sets := Read[metadata.Permission](c)
	for _, name := range byName(sets) {
		for i, included := range sets[name].Includes {
			at := pointerTo("permission", name) + "/includes" + index(i)
			if sets[included] == nil {
				c.unknownDocument("permission", included, at)
			} else if trail := leadsTo(sets, included, name, nil); trail != nil {
				c.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", strings.Join(append([]string{name}, trail...), " → ")), at)
			}
		}
	}
}

// leadsTo is the way by which a set includes another, from the one to the other; nil for
// none. seen are sets that lead nowhere.
func leadsTo(sets map[string]*metadata.Permission, from, to string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	if seen == nil {
		seen = map[string]bool{}
	}
	if seen[from] || sets[from] == nil {
		return nil
	}
	seen[from] = true
	for _, next := range sets[from].Includes {
		if trail := leadsTo(sets, next, to, seen); trail != nil {
			return append([]string{from}, trail...)
		}
	}
	return nil
}

func (b *builder) checkPermission(p *metadata.Permission, pointer string) {
	for _, object := range byName(p.Objects) {
		if object == "*" {
			continue // its fields are names in any object
		}
		at := pointer + "/objects" + step(object)
		o := b.object(object, at)
		if o == nil {
			continue
		}
		for _, field := range byName(p.Objects[object].Fields) {
			if field != "*" {
				b.field(o, field, at+"/fields"+step(field))
			}
		}
	}
}

// Effects tells of the last permission sets with which somebody can change the
// configuration. What a user holds is a matter of records.
func (permissionKind) Effects(c *Comparison) {
	had := administrators(c.Before)
	if len(administrators(c.After)) > 0 {
		return
	}
	for _, name := range had {
		c.Add(Effect{Impact: Impact{Class: Destructive, Path: "permission/" + name, Notice: fault.New(fault.Invalid, "catalog.locks_out")}})
	}
}

// administrators are the permission sets that give manage_metadata, sorted.
func administrators(s *Snapshot) []string {
	sets := Permissions(s)
	return slices.DeleteFunc(byName(sets), func(name string) bool {
		return !slices.Contains(sets[name].System, "manage_metadata")
	})
}
