package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/record/session"
	"formwork/metadata/fieldtype"
)

// ErrDeparts ends a run that is replayed where it asks for something else than it did, or comes to something else.
var ErrDeparts = errors.New("the run departs from what was recorded")

// Stint is one time that a run was executed, with all that it found beyond itself.
type Stint struct {
	At       int64  `json:"t"`           // the clock, in Unix nanoseconds
	Zone     string `json:"z,omitempty"` // "": UTC
	Language string `json:"l,omitempty"`
	Revision int64  `json:"v,omitempty"` // of the configuration; 0: that under which the run began
	Steps    []Took `json:"d,omitempty"` // that were done
	After    *Took  `json:"n,omitempty"` // what was asked after the last of them; nil: nothing
}

// Took is what a step found.
type Took struct {
	Sum   uint32  `json:"s,omitempty"` // of what it asked for and came to
	Found []Found `json:"f,omitempty"` // in order
}

// Found is what was read, and then an answer; of the last one of a step there may be none.
type Found struct {
	Read   map[string]any          `json:"r,omitempty"` // by paths, in stored form: what had not been read, or been something else
	Failed map[string]*fault.Fault `json:"x,omitempty"` // paths that could not be computed
	Answer json.RawMessage         `json:"a,omitempty"` // absent: the zero value
	Fault  *fault.Fault            `json:"e,omitempty"`
}

func (f *Found) empty() bool {
	return len(f.Read)+len(f.Failed)+len(f.Answer) == 0 && f.Fault == nil
}

// Tape takes down what a run finds, or, of one that is replayed, tells it again. A nil one does neither: what is asked is asked.
type Tape struct {
	Stint
	replays bool
	next    int                // of one that is replayed: the step that is done next
	step    Took               // that is being done; of one that is replayed, what is left of what it found
	open    Found              // what was read since the last answer
	sum     hash.Hash32        // of what the step asks for and comes to
	known   map[string]reading // what was read so far, by paths
	answers int                // so far
	departs bool
}

// reading is a value that was read, and after how many answers: until the next it stays the same.
type reading struct {
	value any
	after int
	fault *fault.Fault
}

// NewTape takes down a stint.
func NewTape(s Stint) *Tape {
	return &Tape{Stint: s, sum: fnv.New32a(), known: map[string]reading{}}
}

// Replay tells a stint again.
func Replay(s Stint) *Tape {
	t := NewTape(s)
	t.replays = true
	t.begin()
	return t
}

// Replays reports whether it tells again what was taken down.
func (t *Tape) Replays() bool { return t != nil && t.replays }

// begin has the next step be told.
func (t *Tape) begin() {
	switch {
	case t.next < len(t.Steps):
		t.step = t.Steps[t.next]
	case t.After != nil:
		t.step = *t.After
	default:
		t.step = Took{}
	}
	t.look()
}

// look makes known what was read before the next answer.
func (t *Tape) look() {
	if len(t.step.Found) == 0 {
		return
	}
	of := t.step.Found[0]
	for path, value := range of.Read {
		t.known[path] = reading{value: value}
	}
	for path, f := range of.Failed {
		t.known[path] = reading{fault: f}
	}
}

// end takes down what a step came to, or compares it. Where they differ it returns ErrDeparts.
func (t *Tape) end(came ...any) error {
	if t == nil {
		return nil
	}
	fmt.Fprintln(t.sum, came...)
	sum := t.sum.Sum32()
	t.sum.Reset()
	if !t.replays {
		t.closes()
		t.step.Sum = sum
		t.Steps, t.step = append(t.Steps, t.step), Took{}
		return nil
	}
	if t.departs || sum != t.step.Sum || t.next >= len(t.Steps) {
		t.departs = true
		return ErrDeparts
	}
	t.next++
	t.begin()
	return nil
}

// closes ends what was read since the last answer.
func (t *Tape) closes() {
	if !t.open.empty() {
		t.step.Found, t.open = append(t.step.Found, t.open), Found{}
	}
	t.answers++ // what is read from now on may be something else
}

// Ends takes down what was asked after the last step, and reports whether what a replay came to agrees with what was taken down.
func (t *Tape) Ends() bool {
	if t.replays {
		return !t.departs && t.next == len(t.Steps)
	}
	if t.closes(); len(t.step.Found) > 0 {
		after := t.step
		t.After = &after
	}
	return true
}

// read is what a path of an expression reads; get reads it, and of tells what could not be computed.
func (t *Tape) read(p expression.Path, get func() any, of *session.Env) any {
	key := nameOf(p)
	known, was := t.known[key]
	if t.replays {
		if !was {
			t.departs = true
		}
		if known.fault != nil {
			of.Fail(known.fault)
		}
		return plain(known.value, p.Leaf.Column.Storage)
	}
	if was && known.after == t.answers {
		return known.value
	}
	before := of.Failed()
	now := reading{value: get(), after: t.answers}
	if err := of.Failed(); err != nil && before == nil {
		now.fault = fault.From(err)
		t.open.Failed = put(t.open.Failed, key, now.fault)
	} else if !was || known.fault != nil || !same(known.value, now.value) {
		t.open.Read = put(t.open.Read, key, now.value)
	}
	t.known[key] = now
	return now.value
}

func put[T any](to map[string]T, key string, value T) map[string]T {
	if to == nil {
		to = map[string]T{}
	}
	to[key] = value
	return to
}

// same reports whether values are the same, of those that can be compared at once.
func same(a, b any) bool {
	switch a.(type) {
	case nil, bool, int64, string:
		return a == b
	}
	return false
}

// nameOf names a path: none of the record as one of something else, whatever its fields are called.
func nameOf(p expression.Path) string {
	var name strings.Builder
	name.WriteString(p.Root + ".")
	for _, s := range p.Via {
		name.WriteString(s.Name + ".")
	}
	name.WriteString(p.Leaf.Name)
	return name.String()
}

// Ask is what a question to whatever is beyond the run comes to: it is asked, and taken down, or told again.
func Ask[T any](t *Tape, ask func() (T, error), question ...any) (T, error) {
	if t == nil {
		return ask()
	}
	fmt.Fprintln(t.sum, question...)
	if t.replays {
		return told[T](t)
	}
	v, err := ask()
	if err != nil {
		t.open.Fault = fault.From(err)
	} else if raw, problem := json.Marshal(v); problem != nil {
		return v, fmt.Errorf("writing what a run found: %w", problem)
	} else if !nothing[string(raw)] {
		t.open.Answer = raw
	}
	t.step.Found, t.open = append(t.step.Found, t.open), Found{}
	t.answers++
	return v, err
}

// nothing are values that are not kept, since they are what there is where none is.
var nothing = map[string]bool{"null": true, "0": true, "false": true, `""`: true}

// Act is Ask of what answers nothing, unless it is refused.
func Act(t *Tape, do func() error, question ...any) error {
	_, err := Ask(t, func() (bool, error) { return false, do() }, question...)
	return err
}

// told is what was answered.
func told[T any](t *Tape) (v T, err error) {
	if len(t.step.Found) == 0 {
		t.departs = true
		return v, ErrDeparts
	}
	of := t.step.Found[0]
	t.step.Found = t.step.Found[1:]
	t.look()
	if of.Fault != nil {
		return v, of.Fault
	}
	if len(of.Answer) > 0 {
		d := json.NewDecoder(bytes.NewReader(of.Answer))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return v, fmt.Errorf("reading what a run found: %w", err)
		}
	}
	if values, ok := any(v).(map[string]any); ok {
		for name := range values {
			values[name] = plain(values[name], fieldtype.None)
		}
	}
	return v, nil
}

// plain is a value in stored form that was read as JSON.
func plain(v any, s fieldtype.Storage) any {
	if s == fieldtype.JSON && v != nil {
		raw, _ := json.Marshal(v) // it was JSON
		return json.RawMessage(raw)
	}
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i], _ = v[i].(string)
		}
		return list
	}
	return v
}

// came is all that a step which was done came to, for the sum of it.
func (x *Execution) came(step string, err error) []any {
	at := x.at
	all := []any{step, at.Next, at.Until.UnixMilli(), at.Late.UnixMilli(), at.Asked, at.Watches, at.Tried, len(at.Ways), at.Any, at.Left(), len(at.Loops), x.state.Results[step]}
	if f := fault.From(err); f != nil {
		all = append(all, f.Code)
	}
	return all
}
