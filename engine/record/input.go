package record

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// input is what a caller sent, in stored form.
type input struct {
	values []assigned
	sent   map[int]bool // by slot
	faults []*fault.Fault
	about  func(*catalog.Field, *fault.Fault) *fault.Fault // Session.about
}

// assigned is one value that a caller sent.
type assigned struct {
	*planned
	stored any
	// patch: of a value of several members, those that were sent; the others stay.
	patch map[string]any
	// raw and refused: what can't be taken. A save of a whole form sends back what was
	// there, such as an option that is no longer active; that is no change.
	raw     any
	refused *fault.Fault
}

// MaxValues bounds the fields of one record that is sent.
const MaxValues = 1000

// input refuses what the caller may not write and reads the rest, all problems at once.
func (s *Session) input(a *access, data map[string]any) *input {
	in := &input{about: s.about, sent: make(map[int]bool, len(data)), values: make([]assigned, 0, len(data))}
	if len(data) > MaxValues {
		in.faults = append(in.faults, fault.New(fault.TooLarge, "record.too_many_fields", "max", MaxValues))
		return in
	}
	for name, raw := range data {
		f, ok := a.object.Field(name)
		switch {
		case !ok || !a.reads(f):
			in.faults = append(in.faults, s.unknownField(a, "record.unknown_field", name).At("/"+metadata.EscapePointer(name)))
			continue
		case !a.writes(f.Name):
			in.faults = append(in.faults, fault.New(fault.Forbidden, "record.read_only", "field", s.label(f)).At("/"+name))
			continue
		}
		at := a.byName[name]
		in.sent[at.slot] = true
		value := assigned{planned: at}
		if raw != nil {
			stored, problem := f.Value.Coerce(raw)
			if problem != nil {
				value.raw, value.refused = raw, s.about(f, problem).Under("/"+name)
			} else {
				value.stored = stored
			}
			if f.Column.Storage == fieldtype.JSON {
				value.patch, _ = raw.(map[string]any)
			}
		}
		in.values = append(in.values, value)
	}
	slices.SortFunc(in.values, func(a, b assigned) int { return a.slot - b.slot })
	return in
}

// about names the field, and in child rows the row and its field, that each problem of
// a value speaks of: "Lines / 2 / Price". Pointers are still relative to the value.
func (s *Session) about(f *catalog.Field, problem *fault.Fault) *fault.Fault {
	for _, one := range problem.Each() {
		subject, at := s.label(f), f
		for _, step := range strings.Split(strings.TrimPrefix(one.Pointer, "/"), "/") {
			if at.Rows == nil {
				break
			}
			if n, err := strconv.Atoi(step); err == nil {
				subject += " / " + strconv.Itoa(n+1)
			} else if inner, ok := at.Rows.Field(step); ok {
				subject, at = subject+" / "+s.label(inner), inner
			}
		}
		one.Of(subject)
		if chooses, ok := at.Value.(fieldtype.Chooses); ok && one.Code == "field.not_an_option" {
			one.Params["options"] = s.labelled(chooses, one.Params["options"])
		}
	}
	return problem
}

// labelled lists options, whose names are listed, by their labels, which values are read
// from as well.
func (s *Session) labelled(c fieldtype.Chooses, listed any) string {
	text, _ := listed.(string)
	names := strings.Split(text, ", ")
	for i, name := range names {
		if option := c.Options()[name]; option != nil {
			names[i] = option.Label.In(s.caller.Language, name)
		}
	}
	return strings.Join(names, ", ")
}

// writes reports whether the caller may write a field.
func (a *access) writes(name string) bool {
	f, ok := a.byName[name]
	if !ok || f.computed || (f.numbered && !a.all) {
		return false
	}
	if f.Doc != nil && f.Doc.ReadOnly && !a.all {
		return false
	}
	return a.edits(f.Field)
}

// apply puts what was sent into a row; old is nil for a new record.
func (in *input) apply(r, old row) []*fault.Fault {
	faults := slices.Clone(in.faults)
	for _, v := range in.values {
		if v.patch != nil && old != nil {
			v = v.onto(old[v.slot], in)
		}
		if v.refused != nil {
			if old == nil || !sentBack(v, old[v.slot]) {
				faults = append(faults, v.refused)
			}
			continue
		}
		r[v.slot] = v.stored
	}
	return faults
}

// onto lays what was sent of an object on the one that is there, as RFC 7396 has it.
func (v assigned) onto(stored any, in *input) assigned {
	raw, ok := stored.(json.RawMessage)
	if !ok {
		return v
	}
	there, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: len(raw), Depth: metadata.MaxDepth})
	if _, object := there.(map[string]any); problem != nil || !object {
		return v
	}
	v.raw = metadata.Patched(there, v.patch)
	v.stored, problem = v.Value.Coerce(v.raw)
	v.refused = nil
	if problem != nil {
		v.refused = in.about(v.Field, problem).Under("/" + v.Name)
	}
	return v
}

// sentBack reports whether a value that can't be taken is the one that is there.
func sentBack(v assigned, stored any) bool {
	if stored == nil {
		return false
	}
	text, ok := v.raw.(string)
	return ok && text == v.Value.CSV(stored)
}

// same reports whether two stored values of a field are equal.
func same(a, b any) bool {
	switch a := a.(type) {
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case json.RawMessage:
		b, ok := b.(json.RawMessage)
		return ok && bytes.Equal(a, b)
	}
	switch b.(type) {
	case []string, json.RawMessage:
		return false
	}
	return a == b
}

// hold copies a value that a store lent for one row.
func hold(v any) any {
	if raw, ok := v.(json.RawMessage); ok {
		return json.RawMessage(bytes.Clone(raw))
	}
	return v
}

// scaleOf is the number of digits after the point of a field's values.
func scaleOf(v fieldtype.Value) int {
	if scaled, ok := v.(fieldtype.Scaled); ok {
		return scaled.Scale()
	}
	return 0
}
