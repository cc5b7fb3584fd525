package policy

import (
	"slices"
	"strings"

	"formwork/engine/expression"
)

// userObject is the object whose records are the users.
const userObject = "user"

// alwaysHeld are the fields of users that make them able to do things, whatever a
// tenant's configuration says.
var alwaysHeld = []string{"active", "email", "permissions", "role", "teams"}

// Held reports whether only those who manage users may do an action on an object's
// records, or write a field ("" for none), whatever their permission sets say.
func (s *Set) Held(object, field string, a Action) bool {
	return object == userObject && (a == Delete || a != Read && slices.Contains(s.held, field))
}

// HeldFields are the fields of users that only those who manage users may write, sorted:
// what makes users able to do things, what sharing rules and policies read of a user, and
// what such a field is computed from.
func (s *Set) HeldFields() []string { return s.held }

// heldFields finds them.
func (s *Set) heldFields() []string {
	held := map[string]bool{}
	var hold func(name string)
	hold = func(name string) {
		name, _, _ = strings.Cut(name, ".") // a part is written with its field
		if held[name] || slices.Contains(systemFields, name) {
			return
		}
		held[name] = true
		users := s.objects[userObject]
		if users == nil || users.Formulas[name] == nil {
			return
		}
		for _, path := range users.Formulas[name].Paths() {
			for _, input := range ofUser(path) {
				hold(input)
			}
		}
	}
	for _, name := range slices.Concat(alwaysHeld, s.attributes) {
		hold(name)
	}
	return sortedKeys(held)
}

// ofUser are the fields of users that a path in a formula of users reads: its first, and
// its last where it leads to another user.
func ofUser(path expression.Path) []string {
	if len(path.Via) == 0 {
		return []string{path.Leaf.Name}
	}
	names := []string{path.Via[0].Name}
	if last := path.Via[len(path.Via)-1]; last.Target != nil && last.Target.Object() == userObject {
		names = append(names, path.Leaf.Name)
	}
	return names
}
