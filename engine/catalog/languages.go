package catalog

import (
	"maps"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// languagesOf are those in which objects, their fields or rules say something beside those
// that the program speaks itself.
func languagesOf(objects map[string]*Object) []string {
	found := map[string]bool{}
	add := func(t metadata.Text) {
		for language := range t {
			if language != "" && !slices.Contains(fault.Languages, language) {
				found[language] = true
			}
		}
	}
	for _, o := range objects {
		add(o.Doc.Label)
		for _, f := range o.Doc.Fields {
			add(f.Label)
		}
		for _, r := range o.Doc.Rules {
			add(r.Message)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// textMembers are the members of documents that people read.
var textMembers = []string{"label", "label_plural", "help", "description", "message"}

// untranslated warns of changed documents whose texts are in one language here and in
// another there: one warning a document and language that the document speaks, or that
// the configuration does beside the program's own.
func untranslated(s *Snapshot, changes []metadata.Change) (warnings []*fault.Fault) {
	for _, change := range changes {
		d, there := s.Documents[change.Key]
		if !there || len(warnings) >= maxProblems {
			continue
		}
		texts := map[string]map[string]any{}
		textsIn(d.Value(), "", texts)
		spoken := map[string]bool{}
		for _, text := range texts {
			for language := range text {
				spoken[language] = true
			}
		}
		if len(texts) > 0 {
			for _, language := range s.Languages {
				spoken[language] = true
			}
		}
		for _, language := range slices.Sorted(maps.Keys(spoken)) {
			var lacking []string
			for pointer, text := range texts {
				if text[language] == nil {
					lacking = append(lacking, pointer)
				}
			}
			if len(lacking) == 0 {
				continue
			}
			slices.Sort(lacking)
			warnings = append(warnings, fault.New(fault.Invalid, "catalog.untranslated", "language", language, "texts", len(texts),
				"lacking", len(lacking), "first", strings.Join(lacking[:min(len(lacking), 5)], ", ")).At(pointerTo(d.Kind, d.Name)))
		}
	}
	return warnings
}

// textsIn finds the texts in a document that are written by language, by their pointers.
// One that is a plain text is for every language.
func textsIn(v any, pointer string, found map[string]map[string]any) {
	members, _ := v.(map[string]any)
	for name, member := range members {
		at := pointer + step(name)
		text, ok := member.(map[string]any)
		if ok && slices.Contains(textMembers, name) && byLanguage(text) {
			found[at] = text
			continue
		}
		textsIn(member, at, found)
	}
}

// byLanguage reports whether an object holds nothing but texts by language: a field may be
// called "label", too.
func byLanguage(members map[string]any) bool {
	for name, member := range members {
		base, _, _ := strings.Cut(name, "-")
		if _, ok := member.(string); !ok || len(base) < 2 || len(base) > 3 {
			return false
		}
	}
	return true
}
