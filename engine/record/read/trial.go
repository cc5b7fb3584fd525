package read

import (
	"context"
	"encoding/json"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/session"
	"formwork/metadata/fieldtype"
)

// Trial is an expression that somebody is writing.
type Trial struct {
	Text   string
	Result fieldtype.Kind // that is wanted; AnyKind: any
	Filter bool           // it has to run in the database
	Old    bool           // it may read the record before a change
	Record id.ID          // on which it is tried; 0: none
}

// Tried is what becomes of it.
type Tried struct {
	Problems []*fault.Fault // why it is none, with their places; then there is nothing else
	Kind     fieldtype.Kind // of the result
	// Value is the result on the record, as records have it, and Text as files have it; nil and
	// "" where there is no record, Failed says why there is no value, or it is of a kind that no
	// field is of.
	Value  json.RawMessage
	Text   string
	Failed *fault.Fault
}

// Try compiles an expression over an object as the caller may read it, and computes it for a
// record; nothing is changed by the last change that old reads. Faults: those of Get.
func (s *Reader) Try(ctx context.Context, object string, t Trial) (*Tried, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	rights, err := s.Rights(ctx)
	if err != nil {
		return nil, err
	}
	scope := s.Scope(a, rights)
	scope.Result, scope.Queryable, scope.Old = t.Result, t.Filter, t.Old
	program, problems := expression.Compile(t.Text, scope)
	if len(problems) > 0 {
		tried := &Tried{}
		for _, p := range problems {
			tried.Problems = append(tried.Problems, p.Fault(""))
		}
		return tried, nil
	}
	tried := &Tried{Kind: program.Kind()}
	if t.Record == 0 {
		return tried, nil
	}
	row, err := s.LoadReadable(ctx, a, t.Record)
	if err != nil {
		return nil, err
	}
	env := session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, row, row)
	v, err := program.Eval(&env)
	if err == nil {
		err = env.Failed()
	}
	switch {
	case err != nil && fault.KindOf(err).Breaks():
		return nil, err
	case err != nil:
		tried.Failed = fault.From(err)
	case fieldtype.Loose(program.Kind(), program.Scale()) != nil:
		if tried.Value = program.AppendJSON(nil, v); v != nil {
			tried.Text = program.Text(v)
		}
	}
	return tried, nil
}
