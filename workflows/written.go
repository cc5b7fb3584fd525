package workflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows/outside"
)

// Written is JSON in which expressions stand. Immutable.
type Written struct {
	raw     json.RawMessage // what is written as it stands; nil: one of the others
	program *expression.Program
	names   []string // of an object
	of      []*Written
}

// WrittenOf compiles JSON, each text of which is an expression.
func WrittenOf(c *Compiling, raw json.RawMessage, at string) *Written {
	switch raw[0] {
	case '"':
		var source string
		if json.Unmarshal(raw, &source) != nil {
			return &Written{raw: json.RawMessage("null")}
		}
		return &Written{program: c.Loose(source, at)}
	case '[':
		var all []json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return &Written{raw: json.RawMessage("null")}
		}
		w := &Written{of: []*Written{}}
		for i, one := range all {
			w.of = append(w.of, WrittenOf(c, one, fmt.Sprint(at, "/", i)))
		}
		return w
	case '{':
		var all map[string]json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return &Written{raw: json.RawMessage("null")}
		}
		w := &Written{names: slices.Sorted(maps.Keys(all)), of: []*Written{}}
		if w.names == nil {
			w.names = []string{}
		}
		for _, name := range w.names {
			w.of = append(w.of, WrittenOf(c, all[name], at+"/"+metadata.EscapePointer(name)))
		}
		return w
	}
	return &Written{raw: raw}
}

// Append appends the JSON with the values of a run. Faults: those of expressions, outside.too_large as soon as it is.
func (w *Written) Append(dst []byte, x *Execution) ([]byte, error) {
	switch {
	case len(dst) > outside.MaxBody:
		return nil, fault.New(fault.TooLarge, "outside.too_large", "limit", outside.MaxBody)
	case w.raw != nil:
		return append(dst, w.raw...), nil
	case w.of == nil:
		v, err := x.Eval(w.program)
		if err != nil {
			return nil, err
		}
		return w.program.AppendJSON(dst, v), nil
	}
	open, end := byte('['), byte(']')
	if w.names != nil {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	var err error
	for i, one := range w.of {
		if i > 0 {
			dst = append(dst, ',')
		}
		if w.names != nil {
			name, _ := json.Marshal(w.names[i]) // a text can't fail
			dst = append(append(dst, name...), ':')
		}
		if dst, err = one.Append(dst, x); err != nil {
			return nil, err
		}
	}
	if dst = append(dst, end); len(dst) > outside.MaxBody {
		return nil, fault.New(fault.TooLarge, "outside.too_large", "limit", outside.MaxBody)
	}
	return dst, nil
}

// Loose compiles an expression whose value stands by itself, or reports that it does not.
func (c *Compiling) Loose(source, at string) *expression.Program {
	p := c.Expression(source, fieldtype.AnyKind, -1, at)
	if p != nil && fieldtype.Loose(p.Kind(), 0) == nil {
		c.Report(fault.New(fault.Invalid, "workflow.no_value"), at)
		return nil
	}
	return p
}
