package write

import (
	"strings"

	"formwork/engine/fault"
	"formwork/engine/record/duplicate"
)

// checkDuplicates holds a record to the duplicate rules that its changes touch: one that
// refuses does, the others leave a warning. With whom it agrees is told to those only
// who may read all that the rule compares.
func (s *saving) checkDuplicates() error {
	search := duplicate.Search{Env: &s.record, Object: s.Object, ID: s.ID}
	for _, rule := range s.Mapping.Object.Dupes {
		if s.Old == nil && s.u.prefetch.noneLike(s.Mapping, s.Row, rule) {
			continue
		}
		if !search.Touches(rule) || !search.Applies(rule) {
			continue
		}
		found, err := search.Find(rule)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		var visible []duplicate.Match
		if search.MayCompare(rule) {
			if visible, err = search.Readable(found); err != nil {
				return err
			}
		}
		pointer := ""
		if s.Object.Reads(rule.Matches[0].Field) {
			pointer = "/" + rule.Matches[0].Field.Name
		}
		label := rule.Doc.Label.In(s.u.session.Caller.Language, rule.Name)
		if rule.Doc.Action == "refuse" {
			f := fault.New(fault.Conflict, "record.duplicate", "rule", label, "matches", names(visible), "records", links(visible))
			return f.At(pointer)
		}
		if len(visible) > 0 {
			s.warnings = append(s.warnings, Warning{Matches: visible, Fault: fault.New(fault.Conflict, "record.perhaps_duplicate",
				"rule", label, "matches", names(visible)).At(pointer)})
		}
	}
	return nil
}

// links are matches as the API shows them.
func links(matches []duplicate.Match) []map[string]string {
	shown := make([]map[string]string, len(matches))
	for i, m := range matches {
		shown[i] = map[string]string{"object": m.Object, "id": m.ID.String(), "name": m.Name}
	}
	return shown
}

func names(matches []duplicate.Match) string {
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
