package metadata

import (
	"cmp"
	"encoding/json"
	"slices"

	"formwork/engine/fault"
)

// Conflict is a place that both the package and the tenant changed, and
// differently. Each of the three is nil where there is nothing.
type Conflict struct {
	Key
	Pointer string          `json:"pointer"`
	Base    json.RawMessage `json:"base,omitempty"`   // the package's before
	Theirs  json.RawMessage `json:"theirs,omitempty"` // the package's now
	Ours    json.RawMessage `json:"ours,omitempty"`   // the tenant's
}

// Path names the conflict: "object/account/fields/industry/label".
func (c Conflict) Path() string { return c.Key.String() + c.Pointer }

// Upgrade carries a tenant's overlay from one version of the documents below it to
// another. What the tenant changed stays, what only the package changed comes in,
// and what both changed differently is a conflict, in which the tenant's stays
// until Decide says otherwise. Removing is a change like any other. The overlay
// that is returned is the smallest that says all of this.
func Upgrade(oldBase, newBase, overlay []Document) (upgraded []Document, conflicts []Conflict) {
	before, after := byKey(oldBase), byKey(newBase)
	for _, d := range overlay {
		old, theirs := valueAt(before, d.Key), valueAt(after, d.Key)
		ours := Patched(old, d.value())
		m := merger{key: d.Key}
		merged := m.merge("", old, theirs, ours)
		conflicts = append(conflicts, m.conflicts...)
		if kept, ok := overlayOf(after, d.Key, merged); ok {
			upgraded = append(upgraded, kept)
		}
	}
	sortDocuments(upgraded)
	slices.SortFunc(conflicts, func(a, b Conflict) int {
		return cmp.Or(CompareKeys(a.Key, b.Key), cmp.Compare(a.Pointer, b.Pointer))
	})
	return upgraded, conflicts
}

// valueAt decodes a document; nil if there is none.
func valueAt(documents map[Key]Document, key Key) any {
	d, ok := documents[key]
	if !ok {
		return nil
	}
	return d.value()
}

// overlayOf is the overlay that makes v, nil for nothing, of the document below.
func overlayOf(below map[Key]Document, key Key, v any) (Document, bool) {
	var base, target *Document
	if d, ok := below[key]; ok {
		base = &d
	}
	if v != nil {
		target = &Document{Key: key, Body: Canonical(v)}
	}
	return Overlay(base, target)
}

// merger merges one document three ways. nil stands for what is not there: no
// effective document holds null.
type merger struct {
	key       Key
	conflicts []Conflict
}

func (m *merger) merge(pointer string, base, theirs, ours any) any {
	switch {
	case equal(ours, theirs), equal(base, theirs):
		return ours
	case equal(base, ours):
		return theirs
	}
	b, _ := base.(map[string]any)
	t, both := theirs.(map[string]any)
	o, ok := ours.(map[string]any)
	if !both || !ok || base != nil && b == nil || base == nil && clash(t, o) {
		m.conflicts = append(m.conflicts, Conflict{m.key, pointer, raw(base), raw(theirs), raw(ours)})
		return ours
	}
	merged := map[string]any{}
	for key := range t {
		m.member(merged, pointer, key, b, t, o)
	}
	for key := range o {
		if _, done := t[key]; !done {
			m.member(merged, pointer, key, b, t, o)
		}
	}
	return merged
}

func (m *merger) member(merged map[string]any, pointer, key string, b, t, o map[string]any) {
	if v := m.merge(pointer+"/"+EscapePointer(key), b[key], t[key], o[key]); v != nil {
		merged[key] = v
	}
}

// clash reports whether two objects that both were added say different things
// themselves; then they are not mixed.
func clash(a, b map[string]any) bool {
	for key, v := range a {
		other, shared := b[key]
		if !shared || equal(v, other) {
			continue
		}
		_, object := v.(map[string]any)
		_, too := other.(map[string]any)
		if !object || !too {
			return true
		}
	}
	return false
}

func raw(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	return Canonical(v)
}

// What a conflict may be decided to.
const (
	Ours   = "ours"
	Theirs = "theirs"
)

// Decide applies decisions, by the conflicts' paths, to what Upgrade returned. Every
// conflict must be decided, and nothing else may be.
func Decide(newBase, upgraded []Document, conflicts []Conflict, decisions map[string]string) ([]Document, []*fault.Fault) {
	after, overlay := byKey(newBase), byKey(upgraded)
	var problems []*fault.Fault
	paths := map[string]bool{}
	for _, c := range conflicts {
		paths[c.Path()] = true
		switch decisions[c.Path()] {
		case Ours:
		case Theirs:
			v := valueAt(after, c.Key)
			if d, ok := overlay[c.Key]; ok {
				v = Patched(v, d.value())
			}
			delete(overlay, c.Key)
			if d, ok := overlayOf(after, c.Key, replace(v, Steps(c.Pointer), c.Theirs)); ok {
				overlay[c.Key] = d
			}
		default:
			problems = append(problems, fault.New(fault.Invalid, "metadata.undecided", "path", c.Path()).At("/decide/"+EscapePointer(c.Path())))
		}
	}
	for path := range decisions {
		if !paths[path] {
			problems = append(problems, fault.New(fault.Invalid, "metadata.no_such_conflict", "path", shorten(path)).At("/decide/"+EscapePointer(path)))
		}
	}
	if problems != nil {
		return nil, problems
	}
	out := make([]Document, 0, len(overlay))
	for _, d := range overlay {
		out = append(out, d)
	}
	sortDocuments(out)
	return out, nil
}

// replace returns v with the place at steps set to a value, or removed.
func replace(v any, steps []string, to json.RawMessage) any {
	if len(steps) == 0 {
		if to == nil {
			return nil
		}
		return Document{Body: to}.value()
	}
	out := map[string]any{}
	if object, ok := v.(map[string]any); ok {
		for key, member := range object {
			out[key] = member
		}
	}
	if member := replace(out[steps[0]], steps[1:], to); member == nil {
		delete(out, steps[0])
	} else {
		out[steps[0]] = member
	}
	return out
}
