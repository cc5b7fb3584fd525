package policy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"formwork/engine/budget"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// cachedFilter is a compiled filter. until is zero if it may be used forever.
type cachedFilter struct {
	filter query.Filter
	until  time.Time
}

// Filter returns the condition on the records of an object with which the caller
// may do an action; the object right is part of it. nil: every record;
// query.Nothing: none. The same condition decides about a single record
// (query.Match): for Create and Update on its final values too.
//
//   - Read: read_all or write_all; the object's visibility; the owner, and callers
//     whose role is above the owner's; sharing; the tenant's own allow.
//   - Update: the same but with write_all, visibility and sharing for writing.
//   - Delete: write_all, the owner and roles above, the tenant's own allow.
//   - Create: as Update, of the new values: nobody makes a record that they could
//     not then change.
//
// The tenant's own deny narrows all of them. Where another record decides (Parent),
// Read is Read of it, and everything else Update of it.
func (s *Set) Filter(ctx context.Context, c *Caller, object string, a Action) (query.Filter, error) {
	if c != nil && c.System {
		return nil, nil
	}
	o := s.objects[object]
	if o == nil || !c.active() {
		return query.Nothing, nil
	}
	key := s.filterKey(c, object, a)
	if f, ok := s.filters.Get(key); ok && (f.until.IsZero() || s.now().Before(f.until)) {
		return f.filter, nil
	}
	f, err, _ := s.flights.Do(key, func() (any, error) {
		f, err := s.compileFilter(context.WithoutCancel(ctx), c, o, a)
		if err == nil {
			s.filters.Add(key, f, int64(size(f.filter)))
		}
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("compiling the policy of %s for %s: %w", object, a, err)
	}
	return f.(cachedFilter).filter, nil
}

// filterKey is the same for callers who can't have different filters.
func (s *Set) filterKey(c *Caller, object string, a Action) string {
	var buffer [256]byte
	key := append(buffer[:0], "filter\x00"...)
	key = append(append(append(key, object...), 0), a...)
	key = binary.BigEndian.AppendUint64(key, uint64(c.User))
	key = append(append(key, c.Role...), 0)
	for _, names := range [2][]string{c.Permissions, c.Teams} {
		for _, name := range names {
			key = append(append(key, name...), 0)
		}
		key = append(key, 1)
	}
	for _, name := range s.attributes {
		switch v := c.Attribute(name).(type) {
		case nil:
			key = append(key, 'e')
		case bool:
			if v {
				key = append(key, 't')
			} else {
				key = append(key, 'f')
			}
		case int64:
			key = binary.BigEndian.AppendUint64(append(key, 'i'), uint64(v))
		case string:
			key = append(binary.BigEndian.AppendUint64(append(key, 's'), uint64(len(v))), v...)
		default:
			text := fmt.Sprintf("%#v", v)
			key = append(binary.BigEndian.AppendUint64(append(key, 'o'), uint64(len(text))), text...)
		}
	}
	if c.Location != nil && s.objects[object].clock {
		key = append(key, c.Location.String()...)
	}
	return string(key)
}

// Attribute is a field of the caller's user, in stored form, as every expression and
// policy sees it; nil for none. What the caller itself says goes before the user's record:
// the permission sets are those that the caller acts with, which may be a key's.
func (c *Caller) Attribute(name string) any {
	var v any
	switch name {
	case "id":
		if c.User != 0 {
			v = int64(c.User)
		}
	case "role":
		v = text(c.Role)
	case "permissions":
		v = listed(c.Permissions)
	case "teams":
		v = listed(c.Teams)
	default:
		stored, ok := c.Attributes[name]
		switch {
		case ok:
			v = stored
		case name == "name":
			v = text(c.Name)
		case name == "email":
			v = text(c.Email)
		case name == "language":
			v = text(c.Language)
		}
	}
	return v
}

// listed is a stored list: empty is nil.
func listed(names []string) any {
	if len(names) == 0 {
		return nil
	}
	return names
}

// text is a stored text: empty is nil.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// compilation is one filter being made.
type compilation struct {
	set    *Set
	caller *Caller
	object *object
	action Action
	user   *ast.Term // input.user
	holds  []string  // sharing rules whose expression on the user holds
	// rules are the negations of rules that were asked for, spent how many conditions
	// they came to wherever they are used.
	rules map[string]query.Filter
	spent int
}

func (s *Set) compileFilter(ctx context.Context, c *Caller, o *object, a Action) (cachedFilter, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeLimit())
	defer cancel()
	k, err := s.newCompilation(c, o, a)
	if err != nil {
		return cachedFilter{}, err
	}
	f, err := k.ask(ctx, "allow")
	if err == nil && len(o.policies) > 0 {
		var denied query.Filter
		denied, err = k.ask(ctx, "deny")
		f = query.And(f, query.Negate(denied))
	}
	if err != nil {
		return cachedFilter{}, err
	}
	if f = query.Simplify(f); size(f) > maxConditions {
		return cachedFilter{}, fault.New(fault.Limited, "policy.too_big", "max", maxConditions)
	}
	cached := cachedFilter{filter: f}
	if o.clock {
		cached.until = s.now().Add(clockReadFor)
	}
	return cached, nil
}

// timeLimit is for one filter of the object's records.
func (o *object) timeLimit() time.Duration {
	if len(o.policies) == 0 {
		return publishTime // nothing but our own rules: the time is for accidents
	}
	return requestTime
}

func (s *Set) newCompilation(c *Caller, o *object, a Action) (*compilation, error) {
	k := &compilation{set: s, caller: c, object: o, action: a}
	var err error
	if k.user, err = s.userTerm(c, o.policies); err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(o.sharing) {
		if users := o.sharing[name].Users; users != nil {
			holds, err := users.Holds(k)
			if err != nil {
				return nil, fmt.Errorf("evaluating the users of sharing rule %s: %w", name, err)
			}
			if holds {
				k.holds = append(k.holds, name)
			}
		}
	}
	return k, nil
}

// ask puts one question to the bundle; about has what some questions need besides.
func (k *compilation) ask(ctx context.Context, question string, about ...[2]*ast.Term) (query.Filter, error) {
	input := [][2]*ast.Term{
		item("ask", ast.StringTerm(question)), item("object", ast.StringTerm(k.object.Name)),
		item("action", ast.StringTerm(string(k.action))), item("user", k.user), item("holds", textTerm(k.holds)),
	}
	options := []rego.EvalOption{rego.EvalParsedInput(ast.NewObject(append(input, about...)...))}
	if len(k.object.policies) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		options = append(options, rego.EvalQueryTracer(&meter{cancel: cancel}))
	}
	answer, err := k.set.answer.Compile(ctx, options...)
	if err != nil {
		return nil, evaluationFault(err)
	}
	t := translation{field: k.field, condition: func(name string) (query.Filter, bool, error) { return k.condition(ctx, name) }}
	f, err := t.filter(answer.One().Query)
	if err != nil {
		var known *fault.Fault
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, fault.New(fault.Internal, "policy.failed").Because(err)
	}
	return f, nil
}

// field finds a field that a tenant's policy reads, or one of the bundle's own.
func (k *compilation) field(name string) (*field, error) {
	switch {
	case name == "$owner" && k.object.owner != nil:
		return k.object.owner, nil
	case name == "$role" && k.object.role != nil:
		return k.object.role, nil
	}
	for _, policy := range k.object.policies {
		if f, ok := k.set.custom[policy].fields[name]; ok {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no policy of %s declares field %q", k.object.Name, name)
}

// condition finds what the bundle's own keys of input.record mean.
func (k *compilation) condition(ctx context.Context, name string) (f query.Filter, ok bool, err error) {
	if name == "$" {
		return nil, true, nil
	}
	kind, rest, ok := strings.Cut(name, ":")
	if !ok {
		return nil, false, nil
	}
	switch kind {
	case "when":
		f, err = k.object.sharing[rest].When.Filter(k)
		if err != nil {
			err = fmt.Errorf("translating sharing rule %s: %w", rest, err)
		}
	case "match":
		f = k.match(k.object.sharing[rest].Match)
	case "parent":
		f, err = k.parent(ctx, Action(rest))
	case "not":
		f, err = k.negated(ctx, rest)
	default:
		return nil, false, fmt.Errorf("unknown condition %q", name)
	}
	return f, true, err
}

// parent is the condition that the caller may do an action on the record that
// decides about this one. An empty lookup, or one that leads nowhere, never does.
func (k *compilation) parent(ctx context.Context, a Action) (query.Filter, error) {
	above, hop := k.set.objects[k.object.above], *k.object.parent
	if above == nil {
		return query.Nothing, nil
	}
	f, err := k.set.Filter(ctx, k.caller, above.Name, a)
	if err != nil {
		return nil, err
	}
	if f == nil || query.Match(f, func(query.Ref) any { return nil }) {
		exists := query.Compare{Ref: query.Ref{Hops: []query.Hop{hop}, Column: query.ID}, Op: query.Ne}
		return query.All{exists, through(hop, f)}, nil
	}
	return through(hop, f), nil
}

// through is the filter on the record that a hop leads to.
func through(hop query.Hop, f query.Filter) query.Filter {
	if f == nil {
		return nil
	}
	return query.MapRefs(f, func(r query.Ref) query.Ref {
		return query.Ref{Hops: append([]query.Hop{hop}, r.Hops...), Column: r.Column}
	})
}

// negated is the opposite of another rule of a tenant's policy ("vip.helper").
func (k *compilation) negated(ctx context.Context, name string) (query.Filter, error) {
	f, known := k.rules[name]
	if !known {
		policy, rule, _ := strings.Cut(name, ".")
		f, err := k.ask(ctx, "rule", item("policy", ast.StringTerm(policy)), item("rule", ast.StringTerm(rule)))
		if err != nil {
			return nil, err
		}
		if k.rules == nil {
			k.rules = map[string]query.Filter{}
		}
		k.rules[name] = query.Simplify(query.Not{Filter: f})
		return k.negated(ctx, name)
	}
	if k.spent += size(f); k.spent > maxWrittenOut {
		return nil, fault.New(fault.Limited, "policy.too_big", "max", maxConditions)
	}
	return f, nil
}

// match is the condition that every pair of fields is equal, and none is empty.
func (k *compilation) match(pairs map[string]expression.Path) query.Filter {
	var all query.All
	for _, name := range sortedKeys(pairs) {
		ref := pairs[name].Ref()
		switch v := k.caller.Attribute(name).(type) {
		case int64, string, bool:
			if ref.Column.Storage == fieldtype.List {
				text, _ := v.(string)
				all = append(all, query.Has{Ref: ref, Text: text})
			} else {
				all = append(all, query.Compare{Ref: ref, Op: query.Eq, Value: v})
			}
		case []string:
			values := make([]any, len(v))
			for i, text := range v {
				values[i] = text
			}
			all = append(all, query.In{Ref: ref, Values: values})
		default:
			return query.Nothing
		}
	}
	return all
}

// userTerm is input.user: what every caller has, and the fields that the object's
// own policies read, as the API shows them; an empty field is null.
func (s *Set) userTerm(c *Caller, policies []string) (*ast.Term, error) {
	role := ast.NullTerm()
	if c.Role != "" {
		role = ast.StringTerm(c.Role)
	}
	user := ast.NewObject(item("id", ast.StringTerm(c.User.String())), item("role", role),
		item("permissions", textTerm(s.withIncluded(c.Permissions))), item("teams", textTerm(c.Teams)))
	for _, policy := range policies {
		for name := range s.custom[policy].reads {
			if user.Get(ast.InternedTerm(name)) != nil {
				continue
			}
			value, err := s.shownAttribute(c, name)
			if err != nil {
				return nil, err
			}
			user.Insert(ast.InternedTerm(name), ast.NewTerm(value))
		}
	}
	return ast.NewTerm(user), nil
}

func (s *Set) shownAttribute(c *Caller, name string) (ast.Value, error) {
	stored, f := c.Attribute(name), s.users[name]
	if stored == nil || f == nil {
		return ast.Null{}, nil
	}
	shown, err := f.shown(stored)
	if err != nil {
		return nil, fmt.Errorf("showing the user's %s: %w", name, err)
	}
	value, err := ast.InterfaceToValue(shown)
	if err != nil {
		return nil, fmt.Errorf("showing the user's %s: %w", name, err)
	}
	if number, ok := value.(ast.Number); ok && digits(string(number)) > maxDigits {
		return nil, fault.New(fault.Invalid, "policy.user_number", "name", name, "max", maxDigits)
	}
	return value, nil
}

// compilation is the environment of sharing expressions, which read the user only.

// Get returns a field of the user.
func (k *compilation) Get(p expression.Path) any {
	if p.Root != "user" || len(p.Via) > 0 {
		return nil
	}
	return k.caller.Attribute(p.Leaf.Name)
}

// Now is the set's clock.
func (k *compilation) Now() time.Time { return k.set.now() }

// Location is the caller's.
func (k *compilation) Location() *time.Location {
	if k.caller.Location == nil {
		return time.UTC
	}
	return k.caller.Location
}

// meter stops an evaluation that takes too many steps; unlike a limit of time it
// does so at the same place on every machine.
type meter struct {
	steps  int
	turn   budget.Turn
	cancel context.CancelFunc
}

// maxSteps of one answer that a tenant's own policy takes part in. A decision of
// ours takes some hundreds.
const maxSteps = 100_000

func (m *meter) Enabled() bool               { return true }
func (m *meter) Config() topdown.TraceConfig { return topdown.TraceConfig{} }
func (m *meter) TraceEvent(topdown.Event) {
	if m.steps++; m.steps == maxSteps {
		m.cancel()
	}
	m.turn.Yield()
}

// evaluationFault tells a policy that takes too long from one that fails.
func evaluationFault(err error) *fault.Fault {
	if topdown.IsCancel(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.New(fault.Limited, "policy.too_costly").Because(err)
	}
	return fault.New(fault.Internal, "policy.failed").Because(err)
}
