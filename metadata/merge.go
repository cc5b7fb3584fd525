package metadata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Merge applies a JSON Merge Patch (RFC 7396) to a document's body: objects are
// merged member by member, null removes, everything else replaces. The result is
// canonical, and holds no null if base holds none.
func Merge(base, patch json.RawMessage) (json.RawMessage, error) {
	b, err := decode(base)
	if err != nil {
		return nil, fmt.Errorf("merging into a document: %w", err)
	}
	p, err := decode(patch)
	if err != nil {
		return nil, fmt.Errorf("merging a patch: %w", err)
	}
	return Canonical(Patched(b, p)), nil
}

// Difference is the smallest patch that makes target of base; {} if there is
// nothing to change. Neither may hold null. Merge(base, Difference(base, target))
// is target.
func Difference(base, target json.RawMessage) (json.RawMessage, error) {
	b, err := decode(base)
	if err != nil {
		return nil, fmt.Errorf("comparing a document: %w", err)
	}
	t, err := decode(target)
	if err != nil {
		return nil, fmt.Errorf("comparing with a document: %w", err)
	}
	return Canonical(difference(b, t)), nil
}

func decode(raw json.RawMessage) (any, error) {
	v, problem := ReadJSON(raw, Limits{Bytes: 8 * MaxDocument, Depth: 2 * MaxDepth})
	if problem != nil {
		return nil, problem
	}
	return v, nil
}

// Patched is a JSON value with a merge patch laid on it, as RFC 7396 has it. It changes
// neither; the result may share parts with them.
func Patched(value, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	from, _ := value.(map[string]any)
	out := make(map[string]any, len(from)+len(changes))
	maps.Copy(out, from)
	for name, change := range changes {
		if change == nil {
			delete(out, name)
		} else {
			out[name] = Patched(from[name], change)
		}
	}
	return out
}

func difference(base, target any) any {
	b, ok := base.(map[string]any)
	t, too := target.(map[string]any)
	if !ok || !too {
		return target
	}
	patch := map[string]any{}
	for key := range b {
		if _, kept := t[key]; !kept {
			patch[key] = nil
		}
	}
	for key, v := range t {
		if old, had := b[key]; !had {
			patch[key] = v
		} else if !equal(old, v) {
			patch[key] = difference(old, v)
		}
	}
	return patch
}

// equal compares decoded values; numbers are equal if they are written alike.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, v := range a {
			if other, ok := b[key]; !ok || !equal(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// Effective lays documents over each other, the first layer lowest. Where a layer
// has a document that is below already, it is a patch on it, or hides it. The
// result is sorted by key and holds no null.
func Effective(layers ...[]Document) []Document {
	all := map[Key]Document{}
	for _, layer := range layers {
		for _, d := range layer {
			below, patched := all[d.Key]
			switch {
			case d.Hides():
				delete(all, d.Key)
			case patched:
				all[d.Key] = Document{Key: d.Key, Body: Canonical(Patched(below.value(), d.value()))}
			case bytes.Contains(d.Body, []byte("null")):
				all[d.Key] = Document{Key: d.Key, Body: Canonical(Patched(nil, d.value()))}
			default:
				all[d.Key] = d
			}
		}
	}
	out := make([]Document, 0, len(all))
	for _, d := range all {
		out = append(out, d)
	}
	sortDocuments(out)
	return out
}

// Overlay is the smallest document that, laid over base (nil: there is none below),
// gives target (nil: nothing is to be seen). ok is false if there is nothing to
// lay over it.
func Overlay(base, target *Document) (overlay Document, ok bool) {
	switch {
	case target == nil && base == nil:
		return Document{}, false
	case target == nil:
		return Hide(base.Key), true
	case base == nil:
		return *target, true
	case bytes.Equal(base.Body, target.Body):
		return Document{}, false
	}
	patch := difference(base.value(), target.value()).(map[string]any)
	if len(patch) == 0 {
		return Document{}, false
	}
	patch["kind"], patch["name"] = target.Kind, target.Name
	return Document{Key: target.Key, Body: Canonical(patch)}, true
}
