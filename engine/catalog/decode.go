package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"formwork/engine/fault"
	"formwork/metadata"
)

// parsed is a document that keeps to the schema of its kind, decoded.
type parsed struct {
	body  json.RawMessage
	value any // *metadata.Object …
}

// decode checks every document against the schema of its kind and reads it.
func (b *builder) decode() {
	for _, key := range slices.SortedFunc(maps.Keys(b.s.Documents), metadata.CompareKeys) {
		p := b.parse(b.s.Documents[key])
		if p == nil {
			continue
		}
		if b.s.parsed[key.Kind] == nil {
			b.s.parsed[key.Kind] = map[string]*parsed{}
		}
		b.s.parsed[key.Kind][key.Name] = p
	}
}

// parse reads one document, from the former snapshot if that has the same.
func (b *builder) parse(d metadata.Document) *parsed {
	if b.former != nil {
		if p := b.former.parsed[d.Kind][d.Name]; p != nil && bytes.Equal(p.body, d.Body) {
			return p
		}
	}
	pointer, body := pointerTo(d.Kind, d.Name), d.Body
	if len(b.refused) >= maxProblems {
		return nil
	}
	if b.schemas != nil {
		problems := b.schemas.Check(d.Kind, body)
		if body = b.sound(d, problems); body == nil {
			return nil
		}
	}
	kind, ok := b.kinds.byName[d.Kind]
	if !ok {
		b.report(fault.New(fault.Invalid, "catalog.unreadable"), pointer)
		return nil
	}
	value, err := kind.Read(body)
	if err != nil {
		b.report(fault.New(fault.Invalid, "catalog.unreadable").Because(err), pointer)
		return nil
	}
	return &parsed{body: d.Body, value: value}
}

// sound tells the problems that a schema has with a document and leaves out what they
// are about, a field or a rule as a whole, so that what is wrong with the rest is told
// as well. nil: nothing is left that could be looked at.
func (b *builder) sound(d metadata.Document, problems []*fault.Fault) json.RawMessage {
	if len(problems) == 0 {
		return d.Body
	}
	pointer := pointerTo(d.Kind, d.Name)
	v, unreadable := metadata.ReadJSON(d.Body, metadata.Limits{Bytes: metadata.MaxDocument, Depth: metadata.MaxDepth})
	document, _ := v.(map[string]any)
	left := unreadable == nil && b.kinds.byName[d.Kind] != nil
	for _, problem := range problems {
		steps := metadata.Steps(problem.Pointer)
		b.refused = append(b.refused, problem.Under(pointer))
		if len(steps) == 0 {
			left = false
			continue
		}
		if !leaveOut(document, steps) {
			left = left && steps[0] != "fields" // without which every name would be unknown
		} else if steps[0] == "fields" {
			b.broken[d.Name+"."+steps[1]] = true
		}
	}
	if !left {
		return nil
	}
	return metadata.Canonical(document)
}

// leaveOut takes the member or the item that a problem is in out of a collection of the
// document, and reports whether it is in one; else it takes out the whole.
func leaveOut(document map[string]any, steps []string) bool {
	if len(steps) > 1 {
		switch collection := document[steps[0]].(type) {
		case map[string]any:
			delete(collection, steps[1])
			return true
		case []any:
			if i, err := strconv.Atoi(steps[1]); err == nil && i < len(collection) {
				collection[i] = "" // the places of the others stay
				return true
			}
		}
	}
	delete(document, steps[0])
	return false
}
