package record

import (
	"strings"

	"formwork/engine/fault"
)

// checkDuplicates holds a record to the duplicate rules that its changes touch: one that
// refuses does, the others leave a warning. With whom it agrees is told to those only
// who may read all that the rule compares.
func (s *saving) checkDuplicates() error {
	if s.old == nil && s.u.prefetch.noneLike(s.mapping, s.row) {
		return nil
	}
	search := duplicateSearch{env: &s.record, object: s.object, id: s.id}
	for _, rule := range s.mapping.object.Dupes {
		if !search.touches(rule) || !search.applies(rule) {
			continue
		}
		found, err := search.matches(rule)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		var visible []Match
		if search.mayCompare(rule) {
			if visible, err = search.readableMatches(found); err != nil {
				return err
			}
		}
		label := rule.Doc.Label.In(s.u.s.caller.Language, rule.Name)
		if rule.Doc.Action == "refuse" {
			f := fault.New(fault.Conflict, "record.duplicate", "rule", label, "matches", names(visible), "records", links(visible))
			return f.At("/" + rule.Matches[0].Field.Name)
		}
		if len(visible) > 0 {
			s.warnings = append(s.warnings, Warning{Matches: visible, Fault: fault.New(fault.Conflict, "record.perhaps_duplicate",
				"rule", label, "matches", names(visible)).At("/" + rule.Matches[0].Field.Name)})
		}
	}
	return nil
}

// links are matches as the API shows them.
func links(matches []Match) []map[string]string {
	shown := make([]map[string]string, len(matches))
	for i, m := range matches {
		shown[i] = map[string]string{"object": m.Object, "id": m.ID.String(), "name": m.Name}
	}
	return shown
}

func names(matches []Match) string {
	var names []string
	for _, m := range matches {
		if m.Name != "" {
			names = append(names, m.Name)
		} else {
			names = append(names, m.ID.String())
		}
	}
	return strings.Join(names, ", ")
}
