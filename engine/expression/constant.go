package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"formwork/metadata/fieldtype"
)

// The names under which constants and settings are read.
const (
	constants = "constants"
	settings  = "settings"
)

// hides reports whether the record has a field of a name that also means something else:
// then the field is meant, since it may be older than that meaning.
func (c *checker) hides(name string) bool {
	if c.scope.Record == nil {
		return false
	}
	_, ok := c.scope.Record.Symbol(name)
	return ok
}

// constant is the value of a constant.
func (c *checker) constant(at int, name string) *node {
	found, ok := c.scope.Constants[name]
	if !ok {
		return c.unknown(at, "expression.unknown_constant", name, slices.Sorted(maps.Keys(c.scope.Constants)))
	}
	n := valueNode(at, found.Value, found.Stored)
	c.uses(map[string]string{constants + "." + name: n.written()})
	return n
}

// setting is the value of a setting: one that varies is an expression over the user.
func (c *checker) setting(at int, name string) *node {
	found, ok := c.scope.Settings[name]
	switch {
	case !ok || c.scope.User != nil && !c.reads(found):
		return c.unknown(at, "expression.unknown_setting", name, c.readable())
	case found.Varies() && c.scope.User == nil:
		return c.report(at, "expression.setting_varies", "name", name)
	}
	n := valueNode(at, found.Value, found.Stored)
	for _, o := range slices.Backward(found.Overrides) {
		roles := &node{op: opConst, kind: fieldtype.ListKind, elem: fieldtype.TextKind, at: at, scale: -1, value: o.Roles}
		is := c.make(node{op: opHas, kind: fieldtype.BoolKind, at: at, args: []*node{c.symbol(at, c.scope.User, "user", nil, "role"), roles}})
		value := valueNode(at, found.Value, o.Stored)
		n = c.make(node{op: opCond, kind: n.kind, scale: n.scale, at: at, args: []*node{is, value, n}})
	}
	if found.UserField != "" {
		own := c.symbol(at, c.scope.User, "user", nil, found.UserField)
		n = c.make(node{op: opCoalesce, kind: n.kind, scale: n.scale, at: at, args: []*node{own, n}})
	}
	if c.nodes += n.size(); c.nodes > MaxNodes {
		return c.report(at, "expression.too_many_nodes", "limit", MaxNodes)
	}
	c.uses(map[string]string{settings + "." + name: found.written})
	return n
}

// NewSetting is a setting. Of several overrides that have a role the first counts. All programs
// that read it share the roles, which must not be changed.
func NewSetting(organisation Constant, overrides []Override, userField string) Setting {
	s := Setting{Constant: organisation, Overrides: overrides, UserField: userField}
	var text strings.Builder
	text.WriteString(valueNode(0, s.Value, s.Stored).written())
	for _, o := range overrides {
		fmt.Fprint(&text, " ", o.Roles, valueNode(0, s.Value, o.Stored).written())
	}
	text.WriteString(" " + userField)
	s.written = text.String()
	return s
}

// readable are the names of the settings that this scope may read, sorted.
func (c *checker) readable() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.scope.Settings)), func(name string) bool {
		return c.scope.User != nil && !c.reads(c.scope.Settings[name])
	})
}

// reads reports whether this scope may read of the user all that a setting reads.
func (c *checker) reads(s Setting) bool {
	_, role := c.scope.User.Symbol("role")
	_, own := c.scope.User.Symbol(s.UserField)
	return (role || len(s.Overrides) == 0) && (own || s.UserField == "")
}

// valueNode is a value as if it stood there as a literal.
func valueNode(at int, v fieldtype.Value, stored any) *node {
	n := &node{op: opConst, at: at}
	n.describe(Symbol{Value: v}, nil)
	n.value = machineForm(n.kind, n.scale, stored)
	n.maybe = n.value == nil
	if n.kind != fieldtype.NumberKind {
		n.scale = -1
	}
	return n
}

// written is a constant node as text.
func (n *node) written() string { return fmt.Sprint(kindNames[n.kind], " ", n.value) }

// uses notes constants and settings that the program reads.
func (c *checker) uses(read map[string]string) {
	if len(read) > 0 && c.constants == nil {
		c.constants = map[string]string{}
	}
	maps.Copy(c.constants, read)
}
