package metadata

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Change is how one document differs.
type Change struct {
	Key
	Change string `json:"change" enum:"added,removed,changed"`
	Parts  []Part `json:"parts"` // by pointer; of a whole document one with pointer ""
}

// Part is one place in a document that differs. From is absent where something was
// added and To where it was removed.
type Part struct {
	Pointer string          `json:"pointer"`
	From    json.RawMessage `json:"from,omitempty"`
	To      json.RawMessage `json:"to,omitempty"`
}

// Diff lists the documents that differ, sorted by key.
func Diff(from, to []Document) []Change {
	before, after := byKey(from), byKey(to)
	var changes []Change
	for key, old := range before {
		d, kept := after[key]
		switch {
		case !kept:
			changes = append(changes, Change{key, "removed", []Part{{From: old.Body}}})
		case string(old.Body) != string(d.Body):
			if parts := Parts(old, d); len(parts) > 0 {
				changes = append(changes, Change{key, "changed", parts})
			}
		}
	}
	for key, d := range after {
		if _, had := before[key]; !had {
			changes = append(changes, Change{key, "added", []Part{{To: d.Body}}})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return CompareKeys(a.Key, b.Key) })
	return changes
}

// Parts lists the places in which two documents differ, by pointer.
func Parts(from, to Document) []Part {
	var parts []Part
	compare("", from.value(), to.value(), func(p Part) { parts = append(parts, p) })
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return parts
}

func compare(pointer string, from, to any, found func(Part)) {
	if equal(from, to) {
		return
	}
	a, ok := from.(map[string]any)
	b, too := to.(map[string]any)
	if !ok || !too {
		found(Part{pointer, Canonical(from), Canonical(to)})
		return
	}
	for key, v := range a {
		under := pointer + "/" + EscapePointer(key)
		if other, kept := b[key]; kept {
			compare(under, v, other, found)
		} else {
			found(Part{Pointer: under, From: Canonical(v)})
		}
	}
	for key, v := range b {
		if _, had := a[key]; !had {
			found(Part{Pointer: pointer + "/" + EscapePointer(key), To: Canonical(v)})
		}
	}
}
