package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"formwork/engine/fault"
	"formwork/metadata"
)

// systemFields are read by everybody who may read the object, and written by nobody.
var systemFields = []string{"id", "version", "created_at", "created_by", "updated_at", "updated_by"}

var none = &Rights{}

// Rights returns what the caller may do apart from single records: the union over
// the caller's permission sets. A caller without sets, or whose user is not active,
// has none.
func (s *Set) Rights(ctx context.Context, c *Caller) (*Rights, error) {
	if c != nil && c.System {
		return s.system, nil
	}
	if !c.active() {
		return none, nil
	}
	key := strings.Join(c.Permissions, "\x00")
	if r, ok := s.rights.Get(key); ok {
		return r, nil
	}
	r, err, _ := s.flights.Do("rights\x00"+key, func() (any, error) {
		r, err := s.evaluateRights(context.WithoutCancel(ctx), c.Permissions)
		if err == nil {
			s.rights.Add(key, r, r.size())
		}
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("deciding the rights of permission sets %v: %w", c.Permissions, err)
	}
	return r.(*Rights), nil
}

func (s *Set) evaluateRights(ctx context.Context, sets []string) (*Rights, error) {
	// Not a tenant's program and linear in its documents: the time is for accidents.
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	input := ast.NewObject(item("user", ast.ObjectTerm(item("permissions", textTerm(s.withIncluded(sets))))))
	results, err := s.decide.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return nil, evaluationFault(err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fault.New(fault.Internal, "policy.failed").Because(fmt.Errorf("%d results", len(results)))
	}
	decision, _ := results[0].Expressions[0].Value.(map[string]any)
	r := &Rights{Objects: map[string]ObjectRights{}, System: map[string]bool{}}
	for _, right := range list(decision["system"]) {
		r.System[right] = true
	}
	actions, _ := decision["objects"].(map[string]any)
	every, _ := decision["every"].(map[string]any)
	fields, _ := decision["fields"].(map[string]any)
	held, _ := decision["held"].(map[string]any)
	for name, allowed := range actions {
		of := objectRights(list(allowed))
		if o := s.objects[name]; o != nil {
			of.Fields, of.Masked = fieldRights(of, o.names, list(every[name]), fields[name])
			for _, field := range list(held[name]) {
				if of.Fields[field] == "edit" {
					of.Fields[field] = "read"
				}
			}
		}
		r.Objects[name] = of
	}
	return r, nil
}

// size is how many fields and objects the rights have.
func (r *Rights) size() int64 {
	n := 1 + len(r.Objects)
	for _, o := range r.Objects {
		n += len(o.Fields) + len(o.Masked)
	}
	return int64(n)
}

func objectRights(actions []string) (r ObjectRights) {
	for _, action := range actions {
		switch Action(action) {
		case Create:
			r.Create = true
		case Read:
			r.Read = true
		case Update:
			r.Update = true
		case Delete:
			r.Delete = true
		}
	}
	return r
}

// fieldRights brings together what some sets say of every field, and others of one. Of
// an object that may not be read they are those that may be written; nil for none. masked are
// those of which no set gives more than what a mask leaves.
func fieldRights(of ObjectRights, names, every []string, some any) (fields map[string]string, masked map[string]bool) {
	fields = make(map[string]string, len(names)+len(systemFields))
	byName, _ := some.(map[string]any)
	for _, name := range names {
		for _, level := range append(list(byName[name]), every...) {
			switch {
			case level != "masked":
				if fields[name] != "edit" {
					fields[name] = level
				}
			case of.Read:
				if masked == nil {
					masked = map[string]bool{}
				}
				masked[name] = true
			}
		}
	}
	maps.DeleteFunc(masked, func(name string, _ bool) bool { return fields[name] != "" })
	if !of.Read {
		maps.DeleteFunc(fields, func(_, level string) bool { return level != "edit" || !of.Create })
		return fields, nil
	}
	for _, name := range systemFields {
		fields[name] = "read"
	}
	return fields, masked
}

// everything is what the program itself may do.
func everything(objects map[string]*Object) *Rights {
	r := &Rights{Objects: make(map[string]ObjectRights, len(objects)), System: map[string]bool{}}
	for name, o := range objects {
		all := ObjectRights{Create: true, Read: true, Update: true, Delete: true}
		all.Fields, _ = fieldRights(all, fieldNames(o), []string{"edit"}, nil)
		r.Objects[name] = all
	}
	for _, right := range metadata.SystemRights {
		r.System[right] = true
	}
	return r
}

// fieldNames are the fields that permission sets speak of.
func fieldNames(o *Object) []string {
	names := make([]string, 0, len(o.Fields)+1)
	for _, name := range o.Fields {
		if !slices.Contains(systemFields, name) {
			names = append(names, name)
		}
	}
	if o.Owned && !slices.Contains(names, "owner") {
		names = append(names, "owner")
	}
	return names
}

func list(v any) []string {
	items, _ := v.([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func item(key string, value *ast.Term) [2]*ast.Term {
	return ast.Item(ast.InternedTerm(key), value)
}

func textTerm(texts []string) *ast.Term {
	terms := make([]*ast.Term, len(texts))
	for i, text := range texts {
		terms[i] = ast.StringTerm(text)
	}
	return ast.ArrayTerm(terms...)
}
