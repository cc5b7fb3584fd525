package metadata

import "maps"

// Reader is somebody who may not see the whole configuration, as far as it depends on
// them what they are shown of it.
type Reader interface {
	// Reads reports whether they may read records of an object.
	Reads(object string) bool
	// ReadsPath reports whether they may read a field of an object, or all fields of a
	// path; "-" before it, as in a sort, changes nothing.
	ReadsPath(object, path string) bool
	// ShowsPath is ReadsPath of a field that is only shown: they may read it, or what a mask
	// leaves of it.
	ShowsPath(object, path string) bool
	// Understands reports whether they may read all that a condition on an object's
	// records reads. queryable: as the filter of a list.
	Understands(object, condition string, queryable bool) bool
	// Sees reports whether they are shown a document.
	Sees(Key) bool
}

// Shown says what of a part of a document is shown to a Reader. It is made of the
// values and functions below, which are an allow-list: a member that nobody has
// listed is not shown.
type Shown interface {
	// Show is what is shown of a decoded JSON value, which it does not change; ok is
	// false for nothing. about is the object whose fields the value speaks of.
	Show(v any, about string, by Reader) (shown any, ok bool)
}

type shownBy func(v any, about string, by Reader) (any, bool)

func (f shownBy) Show(v any, about string, by Reader) (any, bool) { return f(v, about, by) }

// Members shows those members of an object that it lists, each as it says.
type Members map[string]Shown

// Show implements Shown.
func (m Members) Show(v any, about string, by Reader) (any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	shown := make(map[string]any, len(object))
	for name, rule := range m {
		if member, there := object[name]; there {
			if part, ok := rule.Show(member, about, by); ok {
				shown[name] = part
			}
		}
	}
	return shown, true
}

// And lists the members of both.
func (m Members) And(more Members) Members {
	all := maps.Clone(m)
	maps.Copy(all, more)
	return all
}

// WithHead lists the members of a document and those that every document begins with.
func WithHead(m Members) Members {
	return Members{"kind": Whole, "name": Whole, "label": Whole, "description": Whole}.And(m)
}

// AllOf lists members that are shown whole.
func AllOf(names ...string) Members {
	m := Members{}
	for _, name := range names {
		m[name] = Whole
	}
	return m
}

// Each shows the members of a collection, an object by name or an array, as one rule
// says; those of which nothing is shown are left out.
func Each(rule Shown) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		switch v := v.(type) {
		case map[string]any:
			shown := make(map[string]any, len(v))
			for name, member := range v {
				if part, ok := rule.Show(member, about, by); ok {
					shown[name] = part
				}
			}
			return shown, true
		case []any:
			shown := make([]any, 0, len(v))
			for _, item := range v {
				if part, ok := rule.Show(item, about, by); ok {
					shown = append(shown, part)
				}
			}
			return shown, true
		}
		return nil, false
	})
}

// EachField shows the members of an object that are named by fields that are shown.
func EachField(rule Shown) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		fields, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		shown := make(map[string]any, len(fields))
		for name, field := range fields {
			if !by.ShowsPath(about, name) {
				continue
			}
			if part, ok := rule.Show(field, about, by); ok {
				shown[name] = part
			}
		}
		return shown, true
	})
}

// IfPath shows something only to those who may read a path of the object it is about.
func IfPath(path string, rule Shown) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		if !by.ReadsPath(about, path) {
			return nil, false
		}
		return rule.Show(v, about, by)
	})
}

// About shows something that is about the records of the object that a member names,
// if those may be read. Paths and conditions inside are of that object.
func About(member string, rule Shown) Shown {
	return shownBy(func(v any, _ string, by Reader) (any, bool) {
		object := textAt(v, member)
		if !by.Reads(object) {
			return nil, false
		}
		return rule.Show(v, object, by)
	})
}

// Provided shows something only if a member of it, where it has that, would be shown
// by a rule.
func Provided(member string, needed, rule Shown) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		object, _ := v.(map[string]any)
		if value, there := object[member]; there {
			if _, ok := needed.Show(value, about, by); !ok {
				return nil, false
			}
		}
		return rule.Show(v, about, by)
	})
}

// Choose shows something by the rule that a member names, or else by another; nil: not
// at all.
func Choose(member string, rules map[string]Shown, otherwise Shown) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		rule, ok := rules[textAt(v, member)]
		if !ok {
			rule = otherwise
		}
		if rule == nil {
			return nil, false
		}
		return rule.Show(v, about, by)
	})
}

// Named shows the name of a document of a kind to those who are shown the document.
func Named(kind string) Shown {
	return shownText(func(name, _ string, by Reader) bool { return by.Sees(Key{Kind: kind, Name: name}) })
}

// What a single value may be.
var (
	// Whole shows a value as it is.
	Whole Shown = shownBy(func(v any, _ string, _ Reader) (any, bool) { return v, true })
	// Flag shows yes or no, and not the condition that may stand instead.
	Flag Shown = shownBy(func(v any, _ string, _ Reader) (any, bool) {
		_, ok := v.(bool)
		return v, ok
	})
	// Path shows a path to those who may read all of it.
	Path = shownText(func(path, about string, by Reader) bool { return by.ReadsPath(about, path) })
	// Paths shows those of several paths.
	Paths = Each(Path)
	// ShownPaths shows those of several paths whose fields are shown.
	ShownPaths = Each(shownText(func(path, about string, by Reader) bool { return by.ShowsPath(about, path) }))
	// Measures shows those of several measures of which the field and the filter may be read.
	Measures = Each(shownBy(func(v any, about string, by Reader) (any, bool) {
		if _, text := v.(string); text {
			return Path.Show(v, about, by)
		}
		return measured.Show(v, about, by)
	}))
	measured = Provided("field", Path, Provided("filter", UnderstoodFilter, AllOf("op", "field", "percent", "filter", "as")))
	// Understood shows a condition to those who may read all that it reads.
	Understood = shownText(func(text, about string, by Reader) bool { return text == "" || by.Understands(about, text, false) })
	// UnderstoodFilter is that for a condition that runs in the database, as a list's.
	UnderstoodFilter = shownText(func(text, about string, by Reader) bool { return text == "" || by.Understands(about, text, true) })
	// Options shows the options of a picklist.
	Options = Each(AllOf("label", "color", "order", "active", "for"))
)

func shownText(may func(text, about string, by Reader) bool) Shown {
	return shownBy(func(v any, about string, by Reader) (any, bool) {
		text, ok := v.(string)
		return v, ok && may(text, about, by)
	})
}

// textAt is a member of an object that is a text, else "".
func textAt(v any, member string) string {
	object, _ := v.(map[string]any)
	text, _ := object[member].(string)
	return text
}

// Redact is what a reader is shown of a document by a rule; ok is false for nothing.
func Redact(d Document, rule Shown, by Reader) (redacted Document, ok bool) {
	shown, ok := rule.Show(d.value(), "", by)
	if !ok {
		return Document{}, false
	}
	return Document{Key: d.Key, Body: Canonical(shown)}, true
}
