package session

import (
	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// Bounds of what is kept for one snapshot.
const (
	cachedChoices = 256
	choicesBytes  = 8 << 20 // of all of them, about
	bytesOfPart   = 1000    // of a condition
)

// Choices keeps the conditions on what may be chosen in references, for callers of the same
// rights under one snapshot. Safe for concurrent use.
type Choices struct {
	kept *cache.Cache[choiceKey, choice]
}

// choiceKey names the condition of a reference. Rights are compared by identity: the
// policy keeps one for all callers that have the same.
type choiceKey struct {
	field  *catalog.Field
	rights *policy.Rights
}

// choice is a condition over what callers of the same rights may read; nil: they may not
// read all that it reads.
type choice struct{ condition *expression.Program }

// NewChoices is what is kept for a snapshot.
func NewChoices() Choices {
	return Choices{kept: cache.New[choiceKey, choice](cachedChoices, choicesBytes)}
}

// ChoiceFilter is the condition on the records that the caller may choose in a reference of
// the record; nil: every one. It tells nothing that the caller may not read, for else trying
// values would tell it: what leads through a record that is hidden from the caller can't
// be chosen, and where the condition reads a hidden field nothing can. Fault
// record.choice_hidden then; other errors are failures.
func (e *Env) ChoiceFilter(a *Object, f *catalog.Field) (query.Filter, error) {
	if f.ChooseWhen == nil {
		return nil, nil
	}
	condition, err := e.choice(a, f)
	if err != nil {
		return nil, err
	}
	if condition == nil {
		return nil, fault.New(fault.Forbidden, "record.choice_hidden", "field", e.Session.Label(f))
	}
	if e.leadsThroughHidden(condition) {
		return query.Nothing, e.Failed()
	}
	found, problem := condition.Filter(e)
	if err := e.Failed(); err != nil {
		return nil, err
	}
	if problem != nil {
		return query.Nothing, nil // as a rule that can't be computed counts as broken
	}
	return e.Session.Guard(e.Ctx, query.And(found, e.Session.reached(found)))
}

// choice compiles a reference's condition once for all callers of the same rights.
func (e *Env) choice(a *Object, f *catalog.Field) (*expression.Program, error) {
	s := e.Session
	rights, err := s.Rights(e.Ctx)
	if err != nil {
		return nil, err
	}
	key := choiceKey{f, rights}
	if found, ok := s.choices.kept.Get(key); ok {
		return found.condition, nil
	}
	scope := s.Scope(Unrestricted(s.Mappings.Of(f.Target)), rights)
	visible, own := s.visible(rights), a.Object.Doc.Name
	scope.Draft = a.Object.Visible(func(object, field string) bool {
		of, ok := a.Object.Field(field)
		// Who sends in records that they may not read afterwards knows what they send.
		return visible(object, field) || ok && object == own && a.Reads(of)
	}, func(string) query.Filter { return toGuard })
	condition, problems := expression.Compile(f.ChooseWhen.Source(), scope)
	parts := 1
	if len(problems) > 0 {
		condition = nil
	} else {
		parts = condition.Parts()
	}
	s.choices.kept.Add(key, choice{condition}, int64(parts)*bytesOfPart)
	return condition, nil
}

// leadsThroughHidden reports whether a condition reads the draft through a record that the
// caller may not read.
func (e *Env) leadsThroughHidden(condition *expression.Program) bool {
	if e.Session.unrestricted {
		return false
	}
	for _, p := range condition.Paths() {
		if p.Root != "record" {
			continue
		}
		for i, lookup := range p.Via {
			if lookup.Guard == nil {
				break // of a formula, from here on
			}
			lookup.Guard = nil
			here := expression.Path{Root: p.Root, Via: p.Via[:i], Leaf: lookup}
			there := expression.Path{Root: p.Root, Via: p.Via[:i+1], Leaf: expression.Symbol{Name: query.ID.Name, Column: query.ID}}
			if e.Get(here) != nil && e.Get(there) == nil {
				return true
			}
		}
	}
	return false
}

// reached demands of what a filter reads through lookups that the caller may read the
// records between, where there are any.
func (s *Session) reached(f query.Filter) query.Filter {
	if s.unrestricted {
		return nil
	}
	var demands []query.Filter
	query.MapRefs(f, func(r query.Ref) query.Ref {
		for i, hop := range r.Hops {
			if hop.Guard == nil {
				break // of a formula, from here on
			}
			demands = append(demands, query.Or(
				query.Compare{Ref: query.Ref{Hops: r.Hops[:i], Column: hop.Lookup}, Op: query.Eq},
				query.Compare{Ref: query.Ref{Hops: r.Hops[:i+1], Column: query.ID}, Op: query.Ne}))
		}
		return r
	})
	return query.And(demands...)
}
