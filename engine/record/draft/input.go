package draft

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Input is what a caller sent, in stored form.
type Input struct {
	values []assigned
	Sent   map[int]bool // by slot
	// At is when it was done; the zero time: now.
	At     time.Time
	faults []*fault.Fault
	s      *session.Session // of the caller, in whose language problems are told
}

// assigned is one value that a caller sent.
type assigned struct {
	*stored.Field
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

// NewInput refuses what the caller may not write and reads the rest, all problems at once.
func NewInput(s *session.Session, a *session.Object, data map[string]any) *Input {
	in := &Input{s: s, Sent: make(map[int]bool, len(data)), values: make([]assigned, 0, len(data))}
	if len(data) > MaxValues {
		in.faults = append(in.faults, fault.New(fault.TooLarge, "record.too_many_fields", "max", MaxValues))
		return in
	}
	for name, raw := range data {
		f, ok := a.Object.Field(name)
		switch {
		case !ok || !a.Reads(f):
			in.faults = append(in.faults, session.UnknownField(a, "record.unknown_field", name).At("/"+metadata.EscapePointer(name)))
			continue
		case !a.Writes(f.Name):
			in.faults = append(in.faults, fault.New(fault.Forbidden, "record.read_only", "field", s.Label(f)).At("/"+name))
			continue
		}
		in.assign(a.ByName[name], raw)
	}
	slices.SortFunc(in.values, func(a, b assigned) int { return a.Slot - b.Slot })
	return in
}

// NewSought reads values by which a record is looked for, of fields that the caller may read.
// Nothing of it is written, so they need not be writable.
func NewSought(s *session.Session, a *session.Object, data map[string]any) *Input {
	in := &Input{s: s, Sent: make(map[int]bool, len(data))}
	for name, raw := range data {
		in.assign(a.ByName[name], raw)
	}
	return in
}

// assign reads the value of a field.
func (in *Input) assign(f *stored.Field, raw any) {
	in.Sent[f.Slot] = true
	value := assigned{Field: f}
	if raw != nil {
		stored, problem := f.Value.Coerce(raw)
		if problem != nil {
			value.raw, value.refused = raw, nameSubjects(in.s, f.Field, problem).Under("/"+f.Name)
		} else {
			value.stored = stored
		}
		if f.Column.Storage == fieldtype.JSON {
			value.patch, _ = raw.(map[string]any)
		}
	}
	in.values = append(in.values, value)
}

// nameSubjects names the field, and in child rows the row and its field, that each problem of
// a value speaks of: "Lines / 2 / Price". Pointers are still relative to the value.
func nameSubjects(s *session.Session, f *catalog.Field, problem *fault.Fault) *fault.Fault {
	for _, one := range problem.Each() {
		subject, at := s.Label(f), f
		for _, step := range strings.Split(strings.TrimPrefix(one.Pointer, "/"), "/") {
			if at.Rows == nil {
				break
			}
			if n, err := strconv.Atoi(step); err == nil {
				subject += " / " + strconv.Itoa(n+1)
			} else if inner, ok := at.Rows.Field(step); ok {
				subject, at = subject+" / "+s.Label(inner), inner
			}
		}
		one.Of(subject)
		if chooses, ok := at.Value.(fieldtype.Chooses); ok && one.Code == "field.not_an_option" {
			one.Params["options"] = optionLabels(s, chooses, one.Params["options"])
		}
	}
	return problem
}

// optionLabels turns a list of names of options into one of their labels. A caller may
// send either.
func optionLabels(s *session.Session, c fieldtype.Chooses, listed any) string {
	text, _ := listed.(string)
	names := strings.Split(text, ", ")
	for i, name := range names {
		if option := c.Options()[name]; option != nil {
			names[i] = option.Label.In(s.Caller.Language, name)
		}
	}
	return strings.Join(names, ", ")
}

// Apply puts what was sent into a row; old is nil for a new record.
func (in *Input) Apply(r, old stored.Row) []*fault.Fault {
	faults := slices.Clone(in.faults)
	for _, v := range in.values {
		if v.patch != nil && old != nil {
			v = v.patched(old[v.Slot], in)
		}
		if v.refused != nil {
			if old == nil || !sentBack(v, old[v.Slot]) {
				faults = append(faults, v.refused)
			}
			continue
		}
		r[v.Slot] = v.stored
	}
	return faults
}

// patched lays what was sent of an object on the one that is there, as RFC 7396 has it.
func (v assigned) patched(stored any, in *Input) assigned {
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
		v.refused = nameSubjects(in.s, v.Field.Field, problem).Under("/" + v.Name)
	}
	return v
}

// sentBack reports whether a value that can't be taken is the one that is there.
func sentBack(v assigned, stored any) bool {
	if stored == nil {
		return false
	}
	if text, ok := v.raw.(string); ok && text == v.Value.CSV(stored) {
		return true
	}
	return bytes.Equal(metadata.Canonical(v.raw), v.Value.AppendJSON(nil, stored))
}
