package policy

import (
	"slices"

	"formwork/metadata"
)

// included are the permission sets that each set includes, also through others, where it
// does include any. A set that leads back to itself ends there; such are refused when
// they are published.
func included(sets map[string]*metadata.Permission) map[string][]string {
	all := map[string][]string{}
	for name, set := range sets {
		if len(set.Includes) == 0 {
			continue
		}
		found := []string{name}
		for i := 0; i < len(found); i++ {
			if of := sets[found[i]]; of != nil {
				for _, included := range of.Includes {
					if !slices.Contains(found, included) {
						found = append(found, included)
					}
				}
			}
		}
		all[name] = found[1:]
	}
	return all
}

// Holds reports whether a caller has one of some permission sets, also by one that includes it.
func (s *Set) Holds(c *Caller, sets []string) bool {
	return slices.ContainsFunc(s.withIncluded(c.Permissions), func(set string) bool { return slices.Contains(sets, set) })
}

// withIncluded are permission sets with all that they include.
func (s *Set) withIncluded(sets []string) []string {
	if len(s.included) == 0 {
		return sets
	}
	all := slices.Clone(sets)
	for _, set := range sets {
		for _, included := range s.included[set] {
			if !slices.Contains(all, included) {
				all = append(all, included)
			}
		}
	}
	return all
}
