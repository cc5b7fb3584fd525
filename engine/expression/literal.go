package expression

import (
	"slices"
	"strings"
	"time"

	"formwork/engine/id"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// literal reads a text literal as the kind of another node. A text that is none of
// that kind is a problem.
func (c *checker) literal(n, as *node) *node {
	text, ok := n.value.(string)
	if !ok { // the empty text is empty whatever the kind
		return n
	}
	var value any
	switch as.kind {
	case fieldtype.DateKind:
		if value, ok = readDate(text); !ok {
			return c.report(n.at, "expression.bad_date", "text", text)
		}
	case fieldtype.TimeKind:
		if value, ok = readTime(text); !ok {
			return c.report(n.at, "expression.bad_time", "text", text)
		}
	case fieldtype.DatetimeKind:
		if date, ok := readDate(text); ok { // the start of that day, where the user is
			day := &node{kind: fieldtype.DateKind, at: n.at, scale: -1, value: date}
			return c.apply(n.at, startOfDay, []*node{day})
		}
		if value, ok = readDatetime(text); !ok {
			return c.report(n.at, "expression.bad_datetime", "text", text)
		}
	case fieldtype.ReferenceKind:
		if value, ok = readReference(text, as); !ok {
			return c.report(n.at, "expression.bad_reference", "text", text)
		}
	default:
		return n
	}
	return &node{kind: as.kind, at: n.at, scale: -1, value: value, refs: as.refs, multi: as.multi}
}

// isOption checks a text literal against the options of what it is compared with.
func (c *checker) isOption(n, choice *node) bool {
	text, ok := n.value.(string)
	if n.op != opConst || !ok || choice.opts == nil || choice.unlisted {
		return true
	}
	if _, ok := choice.opts[text]; ok {
		return true
	}
	names := make([]string, 0, len(choice.opts))
	labelled := ""
	for name, option := range choice.opts {
		names = append(names, name)
		for _, label := range option.Label {
			if strings.EqualFold(label, text) && (labelled == "" || name < labelled) {
				labelled = name
			}
		}
	}
	slices.Sort(names)
	if labelled == "" {
		labelled, _ = metadata.Nearest(text, names)
	}
	c.suggest(labelled, n.at, "expression.not_an_option", "text", text)
	return false
}

func readDate(text string) (string, bool) {
	t, err := time.Parse(time.DateOnly, text)
	return text, err == nil && t.Year() >= 1
}

func readTime(text string) (string, bool) {
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if t, err := time.Parse(layout, text); err == nil && len(text) == len(layout) {
			return t.Format(time.TimeOnly), true
		}
	}
	return "", false
}

func readDatetime(text string) (int64, bool) {
	t, err := time.Parse(time.RFC3339, text)
	return t.UnixMilli(), err == nil
}

// readReference reads an id, or object/id where there are several objects.
func readReference(text string, as *node) (any, bool) {
	if as.multi {
		object, name, ok := strings.Cut(text, "/")
		if _, valid := id.Parse(name); !ok || !valid || as.refs != nil && !slices.Contains(as.refs, object) {
			return nil, false
		}
		return text, true
	}
	i, ok := id.Parse(text)
	return int64(i), ok
}
