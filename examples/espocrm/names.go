package main

import (
	"slices"
	"strings"
	"unicode"
)

// builtIn are fields that every record of Formwork has, by EspoCRM's name.
var builtIn = map[string]string{
	"id": "id", "createdAt": "created_at", "modifiedAt": "updated_at", "createdBy": "created_by", "modifiedBy": "updated_by", "assignedUser": "owner",
}

// reserved are names that a field can't have, for every record has them.
var reserved = []string{"id", "version", "created_at", "created_by", "updated_at", "updated_by", "owner"}

// snake is the name of a document, a field or an option: closedWon, "Closed Won" and
// "Closed/Won" become closed_won.
func snake(name string) string {
	var out strings.Builder
	was := '_'
	letters := []rune(name)
	for i, r := range letters {
		switch {
		case r >= 'A' && r <= 'Z':
			next := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			if was != '_' && (unicode.IsLower(was) || unicode.IsDigit(was) || next) {
				out.WriteByte('_')
			}
			out.WriteRune(unicode.ToLower(r))
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		default:
			if was == '_' {
				continue
			}
			out.WriteByte('_')
			r = '_'
		}
		was = r
	}
	text := strings.Trim(out.String(), "_")
	if text == "" || text[0] >= '0' && text[0] <= '9' {
		text = "n_" + text
	}
	return strings.TrimSuffix(text[:min(len(text), 63)], "_")
}

// fieldName is the name of an entity's field.
func fieldName(name string) string {
	if ours, ok := builtIn[name]; ok {
		return ours
	}
	ours := snake(name)
	if slices.Contains(reserved, ours) {
		ours += "_value"
	}
	return ours
}

// optionNames are the names of options, each its own.
func optionNames(options []string) map[string]string {
	names, taken := map[string]string{}, map[string]bool{}
	for _, option := range options {
		name := snake(option)
		for taken[name] {
			name += "_x"
		}
		names[option], taken[name] = name, true
	}
	return names
}

// spelt is a name as a person would write it, where no language has words for it.
func spelt(name string) string {
	text := strings.ReplaceAll(snake(name), "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// label are the words of all languages for one of several places, the first that says
// something in each.
func (t *translator) label(fallback string, at ...[]string) document {
	words := document{}
	for _, l := range t.languages {
		for _, place := range at {
			if text := l.said(place[0], place[1:]...); text != "" {
				words[l.ours] = text
				break
			}
		}
	}
	if words["en"] == nil {
		words["en"] = fallback
	}
	return words
}

func (t *translator) fieldLabel(entity, field string) document {
	return t.label(spelt(field), []string{entity, "fields", field}, []string{"Global", "fields", field}, []string{entity, "links", field}, []string{"Global", "links", field})
}

func (t *translator) entityLabel(entity string) document {
	return t.label(spelt(entity), []string{"Global", "scopeNames", entity})
}

// joined are the words of two labels in each language that both speak.
func joined(a, b document, between string) document {
	words := document{}
	for language, text := range a {
		if other, ok := b[language]; ok {
			words[language] = text.(string) + between + other.(string)
		}
	}
	return words
}
